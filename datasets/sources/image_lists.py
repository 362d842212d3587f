"""Published lists of images to leave out of a release, or to keep alone: files of the user's, in the published form.

Cassidy et al. 2022 (doi 10.1016/j.media.2021.102305; mmu-dermatology-research/isic_duplicate_removal_strategy,
`file_lists/*.txt`): one path of a deleted file a line, in folders such as `2019/train`. Fitzpatrick17k-C (Abhishek et
al. 2024, doi 10.5281/zenodo.11101337; `Fitzpatrick17k-C.csv`): the images that are kept, in the column `md5hash`. Other
lists of either form are read as well.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root
from datasets.splits.split_files import plain_id

COLUMNS = ("md5hash", "isic_id", "image_id", "image_name", "image", "img_id", "path", "file")
"""Columns of a CSV list that name an image, the first that is there."""
YEARS = {"isic2018": "2018", "isic2019": "2019", "isic2020": "2020"}
_FOLDER = re.compile(r"(?:^|[/\\])(20\d\d)[/\\](train|test)[/\\]", re.IGNORECASE)


def listed(manifest: Manifest, ref: DataRef) -> Manifest:
    """The manifest with label -1 for images that a list leaves out, and a note for each list.

    Raises `DataError` for a list that cannot be read, has another form, or names no image of the release.
    """
    for location in ref.leave_out:
        manifest = _without(manifest, _named(location, manifest), location)
    if ref.keep_only is not None:
        kept = _named(ref.keep_only, manifest)
        manifest = _without(manifest, set(manifest.table["image_id"]) - kept, ref.keep_only)
    return manifest


def _without(manifest: Manifest, out: set[str], location: str) -> Manifest:
    found = manifest.table["image_id"].isin(out)
    note = f"{int(found.sum())} images are left out by the list {location.rpartition('/')[2]}."
    labels = manifest.table["label"].mask(found, -1)
    return replace(manifest, table=manifest.table.assign(label=labels), notes=(*manifest.notes, note))


def _named(location: str, manifest: Manifest) -> set[str]:
    """Ids of the manifest that a list names."""
    folder, _, name = location.rpartition("/")
    text = Root(folder or "/").read(name).decode("utf-8-sig", "replace")
    names = _of_table(text, location) if name.lower().endswith(".csv") else text.splitlines()
    wanted = {plain_id(each.strip()) for each in names if each.strip() and _of_release(each, manifest.name, location)}
    ids = {image_id for image_id in manifest.table["image_id"] if plain_id(image_id) in wanted}
    if not ids:
        raise DataError(
            f"A list names images of its release, but {location} names none of the {len(manifest)} of {manifest.name}. "
            "Correct the path, or leave the list out."
        )
    return ids


def _of_table(text: str, location: str) -> list[str]:
    rows = csv.DictReader(text.splitlines())
    column = next((name for name in COLUMNS if name in (rows.fieldnames or ())), None)
    if column is None:
        raise DataError(
            f"A list in CSV names its images in one of the columns {', '.join(COLUMNS)}, but {location} has "
            f"{', '.join(rows.fieldnames or ())}. Name the column so."
        )
    return [row[column] or "" for row in rows]


def _of_release(line: str, source: str, location: str) -> bool:
    """Whether a line is about this release: in lists across years, an image that one year drops another keeps."""
    place = _FOLDER.search(line)
    dropped_by = place[1] if place else ("2019" if "/downsampled/" in line else None)
    if dropped_by is None:
        return True
    if source not in YEARS:
        raise DataError(
            f"{location} lists files by the year of their ISIC challenge, so that it is for {', '.join(YEARS)}, not "
            f"for {source}. Name it at one of those."
        )
    return YEARS[source] == dropped_by and (place is None or place[2].lower() == "train")
