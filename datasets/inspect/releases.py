"""Known public releases in an unknown folder, recognised by their tables."""

from __future__ import annotations

from dataclasses import dataclass

from datasets import sources
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root


@dataclass(frozen=True)
class Release:
    """A release that was found: its source's name and root, the task that this copy can serve with its images by class,
    how many images are there of how many listed, and whether that is less than the official release."""

    source: str
    root: str
    task: str
    counts: dict[str, int]
    there: int
    listed: int
    partial: bool


def releases(root: Root, left_out: list[str]) -> list[Release]:
    """The releases below the root, the largest first. What looks like one and cannot be read is told in `left_out`."""
    tables: dict[str, str] = {}
    for name, source in sources.SOURCES.items():
        path = next((path for table in source.tables if (path := table.find(root))), None)
        if path is not None:
            tables[name] = path
    several = len(set(tables.values())) > 1
    found: list[Release] = []
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
            found.append(release)
    return sorted(found, key=lambda release: -release.there)


def _release(name: str, place: str) -> Release | None:
    """The release by its first task of two classes, else by its first of more, of which every class has an image."""
    tasks = sources.SOURCES.get(name).content["tasks"]
    for task in sorted(tasks, key=lambda task: len(tasks[task]["classes"]) > 2):
        listed = sources.catalogue(DataRef(source=name, root=place, task=task))
        counts = _counts(listed)
        if min(counts.values()) > 0:
            there = int((listed.table["path"] != "").sum())
            return Release(name, place, task, counts, there, len(listed), _is_partial(name, place, task))
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
