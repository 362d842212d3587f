"""Ready-made splits: CSV files with a column of image ids, the published study's among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.splits.split import Part, Scheme, Split, assemble

ID_COLUMNS = ("image_id", "image", "image_name", "isic_id", "img_id")


def read_files(manifest: Manifest, scheme: Scheme, *, index: int, fraction: float) -> Split:
    """The split that the scheme's files name, for the images that the manifest has.

    Ids are matched by `matcher`. Raises `DataError` for a fraction without a file, a file without ids, an image in
    two parts, an image that the task leaves out, or, unless the manifest is a partial copy, an id that is not there.
    """
    paths = split_paths(scheme, index=index, fraction=fraction)
    names = matcher(manifest.table["image_id"])
    labelled = set(manifest.table["image_id"][manifest.table["label"] >= 0])
    parts: dict[Part, set[str]] = {}
    notes: list[str] = []
    for part, path in paths.items():
        ids = written_ids(path)
        lacking = [image_id for image_id in ids if names(image_id) is None]
        if lacking and not manifest.partial:
            raise DataError(
                f"{path}: a split names images of its manifest, got {lacking[0]!r} and {len(lacking) - 1} others that "
                f"{manifest.name} does not have. Correct the file, or set allow_missing: true for a partial copy."
            )
        if lacking:
            notes.append(f"{part}: {len(lacking)} of {len(ids)} images of {path} are missing from this copy.")
        parts[part] = {found for image_id in ids if (found := names(image_id)) is not None}
        left_out = sorted(parts[part] - labelled)
        if left_out:
            raise DataError(f"{path}: {left_out[0]!r} has no label under this task. Remove it or use another task.")
    twins: tuple[tuple[Part, Part], ...] = (("train", "validation"), ("train", "test"), ("validation", "test"))
    for first, second in twins:
        twice = sorted(parts[first] & parts[second])
        if twice:
            raise DataError(f"An image is in one part of a split, but {twice[0]!r} is in {first} and {second}.")
    return assemble(manifest, parts, tuple(notes))


def split_paths(scheme: Scheme, *, index: int, fraction: float) -> dict[Part, str]:
    """The file of each part for split `index` at a fraction. Raises `DataError` for a fraction without a file."""
    files = scheme.files or {}
    fractions = {float(key): path for key, path in files.get("train", {}).items()}
    if fraction not in fractions:
        raise DataError(f"splits.train names a file for every fraction, got none for {fraction:g}. Add it.")
    chosen = index % scheme.subsamples + 1
    return {
        "train": str(fractions[fraction]).replace("{index}", str(chosen)),
        "validation": str(files["validation"]),
        "test": str(files["test"]),
    }


def written_ids(path: str) -> list[str]:
    """The image ids of a split file as they are written there. Raises `DataError` where it has none."""
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"A split file is a CSV with image ids; {path} cannot be read: {error}. Check it.") from error
    column = next((name for name in ID_COLUMNS if name in table), None)
    if column is None:
        raise DataError(f"{path}: a split file has one of the columns {ID_COLUMNS}, got {tuple(table.columns)}.")
    return [str(image_id) for image_id in table[column].dropna()]


def matcher(image_ids: Iterable[str]) -> Callable[[str], str | None]:
    """A function from an id as a split file writes it to the id of the manifest, or None.

    It matches by the letter, then without the file's ending, then by `plain_id` where that names one image alone.
    """
    known = set(image_ids)
    plain: dict[str, str | None] = {}
    for image_id in known:
        name = plain_id(image_id)
        plain[name] = None if name in plain else image_id

    def find(written: str) -> str | None:
        for name in (written, written.rpartition(".")[0]):
            if name in known:
                return name
        return plain.get(plain_id(written))

    return find


def plain_id(image_id: str) -> str:
    """An image's name without folder, extension and `_downsampled`: the published splits write it in several ways."""
    name = str(image_id).rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    name = stem if dot and ending.lower() in ("jpg", "jpeg", "png") else name
    return name.removesuffix("_downsampled")
