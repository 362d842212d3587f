"""A folder of somebody's images, with a table or without: one row a picture, and what was understood of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.inspect import cell_values, folders
from datasets.inspect.diagnosis_column import diagnoses
from datasets.inspect.picture_index import PictureIndex, is_picture
from datasets.inspect.roles import ROLES, find
from datasets.inspect.tables import read_all

COLUMNS = ("image_id", "lesion_id", "patient_id", "diagnosis", "age", "sex", "site", "skin_tone", "modality", "part")
MATCHED = 10
"""Pictures that a column must mean for it to name images (in short tables: half of its different values)."""


@dataclass
class OwnImages:
    """`table` has one row a picture: `path` and `COLUMNS` (null where unknown; `part` is train, validation or test).

    `said` and `left_out` are sentences: what was understood, and what was not taken and why.
    """

    table: pd.DataFrame
    said: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def look(root: Root) -> OwnImages:
    """Look at every picture and table below the root; nothing is decoded. Raises `DataError` where no picture is."""
    files = root.walk()
    paths = [path for path in files if is_picture(path)]
    if not paths:
        raise DataError(
            f"A data set has pictures, but none is below {root.location!r}. Check the path; unpack archives."
        )
    found = OwnImages(pd.DataFrame({"path": paths}).assign(**dict.fromkeys(COLUMNS)))
    found.said.append(f"{len(paths):,} pictures in {_places(paths)}")
    index = PictureIndex(paths)
    named: list[pd.DataFrame] = []
    others = [path for path in files if not is_picture(path)]
    for path, table in read_all(root, others, found.left_out):
        rows = _rows(path, table, index, found)
        if rows is not None:
            named.append(rows)
    _fill_from_tables(found, sorted(named, key=len, reverse=True))
    _fill_from_folders(found)
    _repair_lesions(found)
    found.table["image_id"] = _unique_ids(found.table)
    return found


def _rows(path: str, table: pd.DataFrame, index: PictureIndex, found: OwnImages) -> pd.DataFrame | None:
    """The rows of one table that mean a picture, in our columns; None for a table that names no pictures."""
    matches = {column: index.match(table[column]) for column in table.columns}
    best = max(matches, key=lambda column: matches[column].nunique(), default=None)
    if best is None or matches[best].nunique() < min(MATCHED, max(1, table[best].nunique() / 2)):
        found.left_out.append(f"{path}: no column names pictures that are here.")
        return None
    roles = find(table.drop(columns=best))
    rows = pd.DataFrame({"path": matches[best], "image_id": cell_values.ids(table[best])})
    for role, column in roles.items():
        rows[role] = ROLES[role].read(table[column])
    words = diagnoses(table, {best, *roles.values()})
    if words is not None:
        rows["diagnosis"] = words[0]
    part = folders.part_of(path.rpartition("/")[2].rpartition(".")[0])
    if part and "part" not in rows:
        rows["part"] = part
    taken = [f"{role.replace('_id', '')} from {column!r}" for role, column in roles.items()]
    taken += [f"diagnosis from {words[1]}"] if words else []
    found.said.append(f"{path}: {len(rows):,} rows, image from {best!r}{''.join(f', {each}' for each in taken)}")
    lacking = int(rows["path"].isna().sum())
    if lacking:
        first = table[best][rows["path"].isna()].iloc[0]
        found.left_out.append(f"{path}: {lacking:,} rows name pictures that are not here (the first: {first}).")
    _say_unreadable(path, table, roles, rows, found)
    return _once(path, rows[rows["path"].notna()], found)


def _say_unreadable(
    path: str, table: pd.DataFrame, roles: dict[str, str], rows: pd.DataFrame, found: OwnImages
) -> None:
    for role in ("age", "sex", "skin_tone", "modality"):
        if role in roles:
            column = cell_values.ids(table[roles[role]])
            odd = column[column.notna() & rows[role].isna()]
            if len(odd):
                what = f"{len(odd):,} values of {roles[role]!r} are no {role.replace('_', ' ')}"
                found.left_out.append(f"{path}: {what} (such as {odd.iloc[0]!r}) and count as unknown.")


def _once(path: str, rows: pd.DataFrame, found: OwnImages) -> pd.DataFrame:
    """One row a picture; a picture with two diagnoses has none."""
    twice = rows["path"].duplicated(keep=False)
    if twice.any() and "diagnosis" in rows:
        words = rows[twice].groupby("path")["diagnosis"].nunique()
        odd = set(words[words > 1].index)
        if odd:
            rows = rows.assign(diagnosis=rows["diagnosis"].mask(rows["path"].isin(odd), None))
            first = sorted(odd)[0]
            found.left_out.append(f"{path}: {len(odd):,} pictures have two diagnoses, so none (the first: {first}).")
    return rows.drop_duplicates("path")


def _fill_from_tables(found: OwnImages, named: list[pd.DataFrame]) -> None:
    table = found.table.set_index("path").astype(object)
    for rows in named:
        known = rows.set_index("path").astype(object)
        both = table["diagnosis"].reindex(known.index)
        if "diagnosis" in known:
            odd = both.notna() & known["diagnosis"].notna() & (both.str.casefold() != known["diagnosis"].str.casefold())
            if odd.any():
                found.left_out.append(
                    f"{int(odd.sum()):,} pictures have other diagnoses in a second table, which are not taken "
                    f"(the first: {odd.index[odd][0]}: {both[odd].iloc[0]!r} and {known['diagnosis'][odd].iloc[0]!r})."
                )
        table = table.combine_first(known).reindex(index=found.table["path"], columns=list(COLUMNS))
    found.table = table.reset_index()
    if named:
        nameless = set(found.table["path"]) - {path for rows in named for path in rows["path"]}
        if nameless:
            found.left_out.append(f"{len(nameless):,} pictures are in no table (the first: {min(nameless)}).")


def _fill_from_folders(found: OwnImages) -> None:
    paths = found.table["path"].tolist()
    parts, words = folders.parts(paths), folders.class_words(paths)
    known = found.table["part"].notna()
    if (parts.notna() & ~known).any():
        found.table["part"] = found.table["part"].where(known, parts)  # a table's word counts before a folder's
        counts = parts.fillna("no part").value_counts()
        found.said.append("folders divide them: " + ", ".join(f"{count:,} {part}" for part, count in counts.items()))
    if found.table["diagnosis"].isna().all() and words.nunique() > 1:
        found.table["diagnosis"] = words.str.strip()
        found.said.append(f"the diagnosis is the name of a folder ({words.nunique()} names)")
    columns = ("diagnosis", "lesion_id", "patient_id", "age", "sex", "site", "skin_tone")
    lacking = [name.replace("_id", "").replace("_", " ") for name in columns if found.table[name].isna().all()]
    if lacking:
        found.left_out.append(f"what no column says: {', '.join(lacking)}.")


def _repair_lesions(found: OwnImages) -> None:
    """Lesion ids that count from 1 within every patient carry the patient too."""
    table = found.table
    both = table[table["lesion_id"].notna() & table["patient_id"].notna()]
    patients = both.groupby("lesion_id")["patient_id"].nunique()
    if len(patients) and (patients > 1).any():
        joined = table["patient_id"].astype("string") + "_" + table["lesion_id"].astype("string")
        table["lesion_id"] = joined.astype(object).where(joined.notna(), table["lesion_id"])
        shared = int((patients > 1).sum())
        found.said.append(f"{shared:,} lesion ids are those of several patients: an id here is patient and lesion")


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
