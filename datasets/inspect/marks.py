"""Diagnoses as marks: one column a diagnosis, with a yes in the column of each row's own."""

from __future__ import annotations

import pandas as pd

from datasets.inspect.cell_values import is_yes_or_no, yes_or_no
from datasets.inspect.diagnosis_agreement import meaning_of

EXACTLY_ONE = 0.5
"""Share of rows that must have one yes for several columns to be marks of a diagnosis rather than findings."""


def columns(table: pd.DataFrame, besides: set[str]) -> list[str]:
    """Columns named by a diagnosis that hold yes and no alone."""
    return [
        name
        for name in map(str, table.columns)
        if name not in besides and meaning_of(name) is not None and is_yes_or_no(table[name])
    ]


def exclusive(table: pd.DataFrame, names: list[str]) -> float:
    """Share of rows with one yes among these columns."""
    return float((_marks(table, names).sum(axis=1) == 1).mean()) if len(table) else 0.0


def of_several(table: pd.DataFrame, names: list[str]) -> pd.Series:
    """Each row's only column with a yes; null where there is none or more than one."""
    marks = _marks(table, names)
    found = marks.idxmax(axis=1).where(marks.sum(axis=1) == 1)
    return found.astype(object).where(found.notna(), None)


def of_one(table: pd.DataFrame, name: str) -> pd.Series:
    """The column's name for a yes, its opposite for a no."""
    found = meaning_of(name)
    opposite = {"malignant": "benign", "benign": "malignant"}.get(found.side if found else "", f"not {name}")
    said = yes_or_no(table[name]).map({1.0: name, 0.0: opposite})
    return said.astype(object).where(said.notna(), None)


def _marks(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return table[names].apply(yes_or_no).fillna(0.0)
