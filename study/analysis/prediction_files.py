"""Anyone's prediction tables: parquet or CSV, one file or many, with the columns that a comparison needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from datasets.base.score_columns import SCORE, score_columns, scored_classes
from study.base.errors import StudyError
from study.comparison.operating_points.frozen_columns import frozen_columns

SUFFIXES = (".parquet", ".csv")
REQUIRED = ("method", "image_id", "label", "score")  # or, for more than two classes, `score.<class>` of each
DEFAULTS: dict[str, Any] = {
    "dataset": "test",
    "fraction": 1.0,
    "rank": 0,
    "split": 0,
    "seed": 0,
    "lesion_id": None,
    "patient_id": None,
}
"""Columns that a table may lack, and their values then: one test set, one model a method, every image its own case."""
IDS = ("image_id", "lesion_id", "patient_id", "method", "dataset", "study")
WHOLE = ("rank", "split", "seed", "search")
NUMBERS = ("label", "fraction", "rank", "split", "seed")


def table_files(paths: Sequence[Path]) -> list[Path]:
    """The tables in files and folders, in the order of their names. Raises `StudyError` where there is none."""
    files: list[Path] = []
    for path in paths:
        if path.is_file() and path.suffix not in SUFFIXES:
            raise StudyError(
                f"A prediction table is a file {' or '.join(SUFFIXES)}, got {path}. Write it as one of these."
            )
        below = [file for file in sorted(path.rglob("*")) if file.suffix in SUFFIXES and not file.name.startswith(".")]
        files += [path] if path.is_file() else below
    if not files:
        given = ", ".join(map(str, paths)) or "no folder"
        raise StudyError(
            f"A comparison reads prediction tables (*.parquet, *.csv), but {given} holds none. Give study directories "
            "or --predictions PATH."
        )
    return files


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """All tables as one, ids as text, with the columns that they lack filled in.

    A table needs `method`, `image_id`, `label` (1: the class of `score`, else 0) and `score` (0 to 1), or for more than
    two classes `score.<class>` of each and `label` as a place among them, from 0; see `DEFAULTS` for the rest. Raises
    `StudyError`, naming the file, for a table that cannot be read or lacks a column, and for empty values.
    """
    tables = [_read(path) for path in paths]
    filled = [table for table in tables if len(table)]
    if not filled:
        raise StudyError(
            f"A comparison needs predictions, but the {len(paths)} tables given hold no row: {paths[0]}, …"
        )
    _same_classes(filled, paths)
    return pd.concat(filled, ignore_index=True)


def _same_classes(tables: Sequence[pd.DataFrame], paths: Sequence[Path]) -> None:
    first, *others = [scored_classes(table.columns) for table in tables]
    for classes in others:
        if classes != first:
            raise StudyError(
                "Prediction tables that are compared have the same classes in the same order, got "
                f"{', '.join(first) or 'two (score)'} and {', '.join(classes) or 'two (score)'} among the "
                f"{len(paths)} tables of {paths[0].parent}. Compare them apart."
            )


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype=dict.fromkeys(IDS, "string"), encoding="utf-8-sig")
        else:
            table = pd.read_parquet(path)
    except (OSError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StudyError(
            f"A prediction table is a parquet or CSV file, but {path} cannot be read: {reason}. Write it again."
        ) from error
    required = _required(table)
    missing = [column for column in required if column not in table.columns]
    if missing:
        one = " Separate the columns of a CSV file by commas." if len(table.columns) == 1 else ""
        raise StudyError(
            f"A prediction table has the columns {', '.join(required)}, but {path} lacks {', '.join(missing)}; it has "
            f"{', '.join(map(str, table.columns)) or 'none'}. Add or rename them.{one}"
        )
    table = table.assign(**{name: value for name, value in DEFAULTS.items() if name not in table.columns})
    if "study" not in table.columns:
        table = table.assign(study=path.parent.name or "predictions")
    return _typed(table, path)


def _typed(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Ids as text (1 and "1" are one image), numbers as numbers."""
    for name in IDS:
        table[name] = [None if pd.isna(value) else _text(value) for value in table[name]]
    required = _required(table)
    scores = [name for name in required if name.startswith(SCORE)]
    optional = [name for name in ("age", "search") if name in table.columns]
    for name in (*NUMBERS, *scores, *optional, *frozen_columns(table.columns)):
        try:
            table[name] = pd.to_numeric(table[name])
        except (ValueError, TypeError) as error:
            what = "1 for the class of `score` and 0 for any other" if name == "label" else "numbers"
            raise StudyError(
                f"Column {name!r} of a prediction table holds {what}, but {path}: {error}. Correct it."
            ) from error
    for name in (*required, "study", "dataset", "fraction"):
        nulls = int(table[name].isna().sum())
        if nulls:
            raise StudyError(
                f"Column {name!r} of a prediction table is never empty, but {nulls} of {len(table)} rows of {path} "
                "are. Leave out images that could not be scored, for every method alike."
            )
    _whole(table, path)
    return table.astype(dict.fromkeys((*scores, "fraction"), "float64"))


def _whole(table: pd.DataFrame, path: Path) -> None:
    """Models are counted in whole numbers, and a fraction is a share of the training images."""
    for name in (column for column in WHOLE if column in table.columns):
        odd = table[name][table[name].notna() & (table[name] % 1 != 0)]
        if len(odd):
            raise StudyError(
                f"Column {name!r} of a prediction table holds whole numbers, but {path} has {odd.iloc[0]}. Correct it."
            )
    outside = table["fraction"][(table["fraction"] <= 0) | (table["fraction"] > 1)]
    if len(outside):
        raise StudyError(
            f"Column 'fraction' of a prediction table is the share of the training images, above 0 and at most 1, but "
            f"{path} has {outside.iloc[0]:g}. Correct it, or leave the column out."
        )


def _required(table: pd.DataFrame) -> tuple[str, ...]:
    """`REQUIRED`, with the scores of all classes in place of the one where a table has them."""
    classes = scored_classes(table.columns)
    if not classes or SCORE in table.columns:
        return REQUIRED
    return (*(name for name in REQUIRED if name != SCORE), *score_columns(classes))


def _text(value: object) -> str:
    """An id as text; pandas makes 7 of a CSV column with gaps 7.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
