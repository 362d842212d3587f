"""One table of somebody's: its rows that mean a picture, in the columns of a manifest."""

from __future__ import annotations

import pandas as pd

from datasets.inspect import cell_values
from datasets.inspect.diagnosis_agreement import settle
from datasets.inspect.diagnosis_column import diagnoses
from datasets.inspect.id_columns import unexplained
from datasets.inspect.image_column import ImageColumn, image_column
from datasets.inspect.notes import Notes
from datasets.inspect.parts import part_of
from datasets.inspect.picture_index import PictureIndex
from datasets.inspect.roles import Roles, find, read

EXAMPLES = 4


def rows_of(
    path: str, table: pd.DataFrame, index: PictureIndex, asked: str | None, notes: Notes
) -> pd.DataFrame | None:
    """One row a picture that the table means, by `path`; a picture with two diagnoses has none, and is in
    `rows.attrs["conflicts"]`. None for a table that names no pictures.

    Raises `DataError` as `image_column` does.
    """
    image = image_column(path, table, index, asked, notes)
    if image is None:
        notes.left_out.append(f"{path}: no column names pictures that are here.")
        return None
    roles = find(table.drop(columns=image.name))
    rows = pd.DataFrame({"path": image.matches.paths, "image_id": cell_values.ids(table[image.name])})
    for role, column in roles.columns.items():
        rows[role] = read(role, table[column])
    found = diagnoses(table, {image.name, *roles.columns.values()})
    if found.words is not None:
        rows["diagnosis"] = found.words
    part = part_of(path.rpartition("/")[2].rpartition(".")[0])
    if part and "part" not in rows:
        rows["part"] = part
    taken = [f"{role.replace('_id', '')} from {column!r}" for role, column in roles.columns.items()]
    taken += [f"diagnosis from {found.where}"] if found.where else []
    taken += [f"all in the {part} part by its name"] if part and "part" not in roles.columns else []
    notes.said.append(f"{path}: {len(rows):,} rows, image from {image.where}{''.join(f', {each}' for each in taken)}")
    notes.careful += [f"{path}: {sentence}." for sentence in found.others]
    _say_unmatched(path, table, image, notes)
    _say_unreadable(path, table, roles, rows, notes)
    _say_unexplained(path, table, {image.name, *roles.columns.values(), *found.used}, roles, notes)
    return _once(path, rows[rows["path"].notna()], notes)


def _say_unmatched(path: str, table: pd.DataFrame, image: ImageColumn, notes: Notes) -> None:
    """Rows whose cell could mean several pictures, and rows whose cell means none."""
    names, ambiguous = table[image.name], image.matches.ambiguous
    absent = image.matches.paths.isna() & ~ambiguous
    if ambiguous.any():
        notes.left_out.append(
            f"{path}: {int(ambiguous.sum()):,} rows have a name that several pictures or several rows share (the "
            f"first: {names[ambiguous].iloc[0]}), so they mean none. Write the folder before the name."
        )
    if absent.any():
        first = names[absent].iloc[0]
        notes.left_out.append(
            f"{path}: {int(absent.sum()):,} rows name pictures that are not here (the first: {first})."
        )


def _say_unreadable(path: str, table: pd.DataFrame, roles: Roles, rows: pd.DataFrame, notes: Notes) -> None:
    """Single values that are not what their column promises, and whole columns of which that is true."""
    for role in ("age", "sex", "skin_tone", "modality", "part"):
        if role in roles.columns:
            column = cell_values.ids(table[roles.columns[role]])
            odd = column[column.notna() & rows[role].isna()]
            if len(odd):
                what = f"{len(odd):,} values of {roles.columns[role]!r} are no {role.replace('_', ' ')}"
                notes.left_out.append(f"{path}: {what} (such as {odd.iloc[0]!r}) and count as unknown.")
    for role, names in roles.refused.items():
        for name in names:
            values = cell_values.ids(table[name]).dropna().unique()
            if len(values) and name not in roles.columns.values():
                shown = ", ".join(repr(str(value)) for value in values[:EXAMPLES])
                what = {"part": "a division that is not understood"}.get(role, f"no {role.replace('_', ' ')}")
                notes.careful.append(
                    f"{path}: column {name!r} ({shown}{', …' * (len(values) > EXAMPLES)}) is {what}: not taken."
                )


def _say_unexplained(path: str, table: pd.DataFrame, used: set[str], roles: Roles, notes: Notes) -> None:
    """Columns that may be a patient or a lesion where none is known: one patient on two sides of a split is no test."""
    if "patient_id" not in roles.columns:
        for name, values in unexplained(table, used):
            notes.careful.append(
                f"{path}: column {name!r} repeats what looks like ids ({values:,} in {len(table):,} rows) and is not "
                "taken. If it is the patient or the lesion, name it patient_id or lesion_id."
            )


def _once(path: str, rows: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """One row a picture, each value the first that is known; a picture of contradicting diagnoses has none."""
    twice = rows["path"].duplicated(keep=False)
    odd: set[str] = set()
    if twice.any():
        settled: dict[str, str | None] = {}
        if "diagnosis" in rows:
            known = rows[twice & rows["diagnosis"].notna()]
            settled = {str(name): settle(words) for name, words in known.groupby("path")["diagnosis"]}
        rows = rows.astype(object).groupby("path", sort=False).first().reset_index()
        if settled:
            rows["diagnosis"] = [
                settled.get(name, word) for name, word in zip(rows["path"], rows["diagnosis"], strict=True)
            ]
        odd = {name for name, word in settled.items() if word is None}
    if odd:
        notes.left_out.append(f"{path}: {len(odd):,} pictures have two diagnoses, so none (the first: {min(odd)}).")
    rows.attrs["conflicts"] = odd
    return rows
