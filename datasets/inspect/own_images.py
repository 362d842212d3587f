"""A folder of somebody's images, with a table or without: one row a picture, and what was understood of it."""

from __future__ import annotations

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.inspect.left_behind import without_own_output
from datasets.inspect.merging import fill_from_folders, join
from datasets.inspect.notes import Notes
from datasets.inspect.picture_files import lesion_pictures
from datasets.inspect.picture_index import PictureIndex, is_picture
from datasets.inspect.table_rows import rows_of
from datasets.inspect.tables import read_all

COLUMNS = ("image_id", "lesion_id", "patient_id", "diagnosis", "age", "sex", "site", "skin_tone", "modality", "part")
_NULLS = ("null", "NULL", "#NA", "#N/A", "<NA>")
LARGE = 0.2
"""Share of the pictures of one patient or lesion from which it is doubted to be one."""


def look(root: Root, asked: str | None, notes: Notes) -> pd.DataFrame:
    """Look at every picture and table below the root; nothing is decoded. `asked` is the owner's name of the column
    that names the pictures.

    One row a picture: `path` and `COLUMNS` (null where unknown; `part` is train, validation or test). Raises
    `DataError` where no picture is, or as `image_column` does.
    """
    files = without_own_output(root, notes.left_out)
    paths = lesion_pictures(root, files, notes)
    if not paths:
        raise DataError(
            f"A data set has pictures, but none is below {root.location!r}. Check the path; unpack archives."
        )
    table = pd.DataFrame({"path": paths}).assign(**dict.fromkeys(COLUMNS)).astype(object)
    notes.said.append(f"{len(paths):,} pictures in {_places(paths)}")
    index = PictureIndex(paths)
    named: list[tuple[str, pd.DataFrame]] = []
    columns: set[str] = set()
    for path, content in read_all(root, [path for path in files if not is_picture(path)], notes.left_out):
        columns.update(content.columns)
        rows = rows_of(path, content, index, asked, notes)
        if rows is not None:
            named.append((path, rows))
    if asked is not None and asked not in columns:
        there = ", ".join(map(repr, sorted(columns))) or "no table"
        raise DataError(f"--image-column names a column of a table that is there, got {asked!r}. There are: {there}.")
    conflicts = join(table, named, notes)
    fill_from_folders(table, conflicts, notes)
    _rename_null(table, notes)
    _repair_lesions(table, notes)
    _say_lacking(table, notes)
    _say_large(table, notes)
    table["image_id"] = _unique_ids(table)
    return table


def _rename_null(table: pd.DataFrame, notes: Notes) -> None:
    """A class called null would be an empty cell of the `images.csv` that is written."""
    odd = table["diagnosis"].isin(_NULLS)
    if odd.any():
        table["diagnosis"] = table["diagnosis"].mask(odd, "class " + table["diagnosis"].astype("string")).astype(object)
        notes.said.append("a diagnosis 'null' is called 'class null' here: in a table it would be an empty cell")


def _say_lacking(table: pd.DataFrame, notes: Notes) -> None:
    columns = ("diagnosis", "lesion_id", "patient_id", "age", "sex", "site", "skin_tone")
    lacking = [name.replace("_id", "").replace("_", " ") for name in columns if table[name].isna().all()]
    if lacking:
        notes.left_out.append(f"what no column says: {', '.join(lacking)}.")


def _say_large(table: pd.DataFrame, notes: Notes) -> None:
    """A patient with very many of the pictures may be a word for an unknown one."""
    for name in ("patient_id", "lesion_id"):
        counts = table[name].value_counts()
        if len(counts) > 1 and counts.iloc[0] > max(10, LARGE * len(table)):
            notes.careful.append(
                f"{counts.iloc[0]:,} of {len(table):,} pictures are of one {name.removesuffix('_id')}, "
                f"{counts.index[0]!r}: they all stay on one side of a split. If it stands for unknown, empty it."
            )


def _repair_lesions(table: pd.DataFrame, notes: Notes) -> None:
    """Lesion ids that count from 1 within every patient carry the patient too."""
    both = table[table["lesion_id"].notna() & table["patient_id"].notna()]
    patients = both.groupby("lesion_id")["patient_id"].nunique()
    if len(patients) and (patients > 1).any():
        joined = table["patient_id"].astype("string") + "_" + table["lesion_id"].astype("string")
        table["lesion_id"] = joined.astype(object).where(joined.notna(), table["lesion_id"])
        shared = int((patients > 1).sum())
        notes.said.append(f"{shared:,} lesion ids are those of several patients: an id here is patient and lesion")


def _unique_ids(table: pd.DataFrame) -> pd.Series:
    """The table's own id where it is unique, else the name of the file, else its path without ending, else its path."""
    paths = table["path"]
    stem = paths.map(lambda path: path.rpartition("/")[2].rpartition(".")[0])
    for ids in (table["image_id"].map(_last, na_action="ignore"), stem):
        if ids.notna().all() and not ids.duplicated().any():
            return ids
    short = paths.map(lambda path: path.rpartition(".")[0])
    return paths if short.duplicated().any() else short


def _last(name: str) -> str:
    """A name without folders and without the ending of a picture."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] if is_picture(last) else last


def _places(paths: list[str]) -> str:
    places = {path.rpartition("/")[0] for path in paths}
    if places == {""}:
        return "the folder itself"
    return "one folder" if len(places) == 1 else f"{len(places):,} folders"
