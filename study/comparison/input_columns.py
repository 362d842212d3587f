"""What a prediction table must be before anything is computed from it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from datasets.base.score_columns import SCORE, score_columns, scored_classes
from study.comparison.errors import ComparisonError
from study.comparison.operating_points.frozen_columns import check_frozen

SEARCH = "search"  # optional: which of its cell's independent searches chose the model's hyperparameters
MODEL = ["method", "fraction", "rank", "split", "seed"]
NEEDED = [*MODEL, "dataset", "image_id", "lesion_id", "patient_id", "label"]
FILLED = [*MODEL, "dataset", "image_id", "label"]
SUM = 1e-3  # how far the probabilities of an image may be from one: tables may be rounded
SUBGROUPS = ("age", "sex", "site", "skin_tone", "diagnosis")


def check_predictions(table: pd.DataFrame, *, baseline: str, in_distribution: str | None) -> None:
    """Raise `ComparisonError` unless the rows can be compared (images and pairs are checked per test set)."""
    scores = scores_of(table.columns)
    needed = [*NEEDED, *scores]
    lacking = [column for column in needed if column not in table.columns]
    if lacking:
        raise ComparisonError(
            f"A prediction table has the columns {needed}, but {lacking} are missing from {list(table.columns)}. "
            "Write the tables again with `study evaluate`, or add the columns (null where unknown)."
        )
    if table.empty:
        raise ComparisonError("A comparison needs at least one prediction, got an empty table. Evaluate first.")
    for column in [*FILLED, *scores]:
        nulls = int(table[column].isna().sum())
        if nulls:
            raise ComparisonError(
                f"Column {column!r} of a prediction table is never null, but {nulls} of {len(table)} rows are. "
                "Leave out images that could not be scored, for every method alike."
            )
    _check_searches(table)
    _check_values(table, scores)
    check_frozen(table, MODEL)
    _known("baseline", baseline, table["method"])
    if in_distribution is not None:
        _known("in_distribution", in_distribution, table["dataset"])


def _check_searches(table: pd.DataFrame) -> None:
    if SEARCH not in table.columns or table[SEARCH].notna().all():
        return
    raise ComparisonError(
        f"All models or none say which search chose them (column {SEARCH!r}), but {table[SEARCH].isna().sum()} of "
        f"{len(table)} rows do not. Compare these tables apart; or leave the column out of all, and the intervals no "
        "longer cover a new search."
    )


def scores_of(columns: Iterable[str]) -> list[str]:
    """The columns with the scores: `score`, or one a class. Raises `ComparisonError` for a table that has both, or one
    or two classes in columns of their own."""
    columns = list(columns)
    classes = scored_classes(columns)
    if not classes:
        return [SCORE]
    if SCORE in columns or len(classes) < 3:
        raise ComparisonError(
            "A prediction table has one column `score` for two classes, or `score.<class>` for each of three and more, "
            f"got {[name for name in columns if name == SCORE or name.startswith(f'{SCORE}.')]}. Keep one of the forms."
        )
    return score_columns(classes)


def _check_values(table: pd.DataFrame, scores: list[str]) -> None:
    known = range(2) if len(scores) == 1 else range(len(scores))
    odd = sorted(set(table["label"].unique().tolist()) - set(known))
    if odd and len(scores) == 1:
        raise ComparisonError(
            f"Labels are 1 (the class whose probability `score` is) or 0 (any other class), got {odd[:5]}. More than "
            "two classes are compared one against the rest: set `label` to 1 for the class of `score`, else to 0. Or "
            "give every class its probability, in columns `score.<class>`."
        )
    if odd:
        raise ComparisonError(
            f"Labels are places in the list of classes, 0 ({scores[0]}) to {len(scores) - 1} ({scores[-1]}), got "
            f"{odd[:5]}. Leave out images of other classes, for every method alike."
        )
    low, high = float(table[scores].min().min()), float(table[scores].max().max())
    if low < 0 or high > 1:
        raise ComparisonError(
            f"Scores are probabilities from 0 to 1, got values from {low:g} to {high:g}. Apply the model's sigmoid or "
            "softmax first: Brier score, calibration and the operating point need probabilities."
        )
    if len(scores) > 1:
        off = np.abs(table[scores].sum(axis=1).to_numpy(float) - 1)
        if off.max() > SUM:
            worst = table.iloc[int(off.argmax())]
            raise ComparisonError(
                f"The probabilities of an image's classes sum to 1, but those of {worst['image_id']!r} of "
                f"{worst['dataset']} sum to {worst[scores].sum():.4g}. Apply the model's softmax first."
            )


def _known(name: str, value: str, column: pd.Series) -> None:
    names = column.unique().tolist()
    if value not in names:
        raise ComparisonError(
            f"`{name}` is one of the {column.name}s in the prediction tables, got {value!r}; there are "
            f"{', '.join(sorted(map(str, names)))}. Choose one of them."
        )
