"""What a prediction table must be before anything is computed from it."""

from __future__ import annotations

import pandas as pd

from study.comparison.errors import ComparisonError

MODEL = ["method", "fraction", "rank", "split", "seed"]
NEEDED = [*MODEL, "dataset", "image_id", "lesion_id", "patient_id", "label", "score"]
FILLED = [*MODEL, "dataset", "image_id", "label", "score"]
SUBGROUPS = ("age", "sex", "site", "skin_tone", "diagnosis")


def check_predictions(table: pd.DataFrame, *, baseline: str, in_distribution: str | None) -> None:
    """Raise `ComparisonError` unless the rows can be compared (images and pairs are checked per test set)."""
    lacking = [column for column in NEEDED if column not in table.columns]
    if lacking:
        raise ComparisonError(
            f"A prediction table has the columns {NEEDED}, but {lacking} are missing from {list(table.columns)}. "
            "Write the tables again with `study evaluate`, or add the columns (null where unknown)."
        )
    if table.empty:
        raise ComparisonError("A comparison needs at least one prediction, got an empty table. Evaluate first.")
    for column in FILLED:
        nulls = int(table[column].isna().sum())
        if nulls:
            raise ComparisonError(
                f"Column {column!r} of a prediction table is never null, but {nulls} of {len(table)} rows are. "
                "Leave out images that could not be scored, for every method alike."
            )
    _check_values(table)
    _known("baseline", baseline, table["method"])
    if in_distribution is not None:
        _known("in_distribution", in_distribution, table["dataset"])


def _check_values(table: pd.DataFrame) -> None:
    odd = sorted(set(table["label"].unique().tolist()) - {0, 1})
    if odd:
        raise ComparisonError(
            f"Labels are 1 (the class whose probability `score` is) or 0 (any other class), got {odd[:5]}. More than "
            "two classes are compared one against the rest: set `label` to 1 for the class of `score`, else to 0."
        )
    low, high = float(table["score"].min()), float(table["score"].max())
    if low < 0 or high > 1:
        raise ComparisonError(
            f"Scores are probabilities from 0 to 1, got values from {low:g} to {high:g}. Apply the model's sigmoid or "
            "softmax first: Brier score, calibration and the operating point need probabilities."
        )


def _known(name: str, value: str, column: pd.Series) -> None:
    names = column.unique().tolist()
    if value not in names:
        raise ComparisonError(
            f"`{name}` is one of the {column.name}s in the prediction tables, got {value!r}; there are "
            f"{', '.join(sorted(map(str, names)))}. Choose one of them."
        )
