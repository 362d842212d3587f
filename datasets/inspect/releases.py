"""Known public releases in an unknown folder, recognised by their tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datasets import sources
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root
from datasets.inspect.left_behind import without_own_output
from datasets.inspect.notes import Notes
from datasets.inspect.picture_files import lesion_pictures

_ISIC_SOURCES = ("isic", "ham10000")
_ISIC_NAME = re.compile(r"ISIC_\d", re.IGNORECASE)
_OFFICIAL = re.compile(
    r"isic|ham10000|metadata|ground_?truth|supplement|train|test|split|index|meta|licen|attribution", re.I
)
"""Names of tables of releases that are read beside the one by which a release is recognised, or that come with it."""


@dataclass(frozen=True)
class Release:
    """A release that was found: its source's name and root, the task that this copy can serve with its images by class,
    how many images are there of how many listed, and whether that is less than the official release.

    `own_names`: its tables have the release's columns, but its images are not called as the release's are.
    """

    source: str
    root: str
    task: str
    counts: dict[str, int]
    there: int
    listed: int
    partial: bool
    own_names: bool = False


def releases(root: Root, notes: Notes) -> list[Release]:
    """The releases below the root, the largest first. What looks like one and cannot be read is told, and so are the
    pictures and tables beside the releases that are no part of them."""
    left_out = notes.left_out
    tables: dict[str, str] = {}
    for name, source in sources.SOURCES.items():
        path = next((path for table in source.tables if (path := table.find(root))), None)
        if path is not None:
            tables[name] = path
    several = len(set(tables.values())) > 1
    found: list[Release] = []
    listed: set[str] = set()
    for name, path in tables.items():
        folder = path.partition("/")[0] if several and "/" in path else ""
        place = f"{root.location.rstrip('/')}/{folder}" if folder else root.location
        try:
            release = _release(name, place)
        except DataError as error:
            left_out.append(f"{path} looks like {name}, but is not read as such: {error}")
            continue
        if release is None:
            left_out.append(f"{path} looks like {name}, but none of its images, or those of one class alone, are here.")
        else:
            found.append(release[0])
            listed.update(f"{folder}/{path}" if folder else path for path in release[1])
    if found:
        _say_beside(root, listed, set(tables.values()), notes)
    return sorted(found, key=lambda release: -release.there)


def _say_beside(root: Root, listed: set[str], read: set[str], notes: Notes) -> None:
    """What lies among the releases and is not theirs."""
    files = without_own_output(root, notes.left_out)
    known = Notes()  # of masks and copies nobody needs to hear here
    pictures = [path for path in lesion_pictures(root, files, known) if path not in listed]
    if pictures:
        notes.careful.append(
            f"{len(pictures):,} pictures are in no release and are not used (the first: {pictures[0]}). If they are "
            "yours, run study init on their folder alone."
        )
    others = [path for path in files if _is_table(path) and path not in read and not _OFFICIAL.search(path)]
    if others:
        notes.careful.append(
            f"{len(others):,} tables may be no part of a release and say nothing here: {', '.join(others[:3])}"
            f"{', …' * (len(others) > 3)}. If they correct labels, correct them in the release's own table."
        )


def _is_table(path: str) -> bool:
    return path.lower().endswith((".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet"))


def _release(name: str, place: str) -> tuple[Release, list[str]] | None:
    """The release by its first task of two classes, else by its first of more, of which every class has an image."""
    tasks = sources.SOURCES.get(name).content["tasks"]
    for task in sorted(tasks, key=lambda task: len(tasks[task]["classes"]) > 2):
        listed = sources.catalogue(DataRef(source=name, root=place, task=task))
        counts = _counts(listed)
        if min(counts.values()) > 0:
            paths = [path for path in listed.table["path"] if path]
            named = listed.table["image_id"].astype(str).str.match(_ISIC_NAME).mean() >= 0.5
            partial = _is_partial(name, place, task)
            own = name.startswith(_ISIC_SOURCES) and not named
            return Release(name, place, task, counts, len(paths), len(listed), partial, own), paths
    return None


def _counts(manifest: Manifest) -> dict[str, int]:
    """Images that are there, by class."""
    labels = manifest.table["label"][manifest.table["path"] != ""]
    return {name: int((labels == label).sum()) for label, name in enumerate(manifest.classes)}


def _is_partial(name: str, place: str, task: str) -> bool:
    try:
        sources.load(DataRef(source=name, root=place, task=task))
    except DataError:
        return True
    return False
