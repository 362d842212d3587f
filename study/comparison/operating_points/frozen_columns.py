"""Columns of a prediction table that hold what was frozen before its labels were read, the same in all its rows.

`threshold.<operating point>`: scores at or above it are called positive. `temperature`: see `temperature.py`.
`prior_shift`: what is added to a score's log-odds to undo balanced sampling, log-odds of the positives among the
training images less those among the images that the training drew: 0 where it drew them as they are, null where that
is not known.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from study.comparison.errors import ComparisonError

THRESHOLD, TEMPERATURE, PRIOR_SHIFT = "threshold.", "temperature", "prior_shift"


def frozen_columns(columns: Iterable[object]) -> list[str]:
    """Those of these columns, in their order."""
    return [name for name in map(str, columns) if name in (TEMPERATURE, PRIOR_SHIFT) or name.startswith(THRESHOLD)]


def threshold_column(point: str) -> str:
    """The column of an operating point."""
    return f"{THRESHOLD}{point}"


def points_of(columns: Iterable[str]) -> list[str]:
    """Names of the operating points among columns."""
    return [name.removeprefix(THRESHOLD) for name in columns if name.startswith(THRESHOLD)]


def check_frozen(table: pd.DataFrame, model: list[str]) -> None:
    """Raise `ComparisonError` unless each model has one value of each frozen column, and a sound one, on all test sets
    alike."""
    for name in frozen_columns(table.columns):
        values = table[name].to_numpy(float)
        if np.isinf(values).any() or (name == TEMPERATURE and (values[~np.isnan(values)] <= 0).any()):
            raise ComparisonError(
                f"Column {name!r} of a prediction table holds finite numbers, temperatures above 0, or nulls. Correct "
                "it, or leave the column out."
            )
        counts = table.groupby(model, sort=False, observed=True)[name].nunique(dropna=False)
        if (counts > 1).any():
            raise ComparisonError(
                f"Column {name!r} is what a model was given before the tests, so it is the same in all of its rows and "
                f"on all test sets, null in all or in none, got {int(counts.max())} values for {counts.idxmax()}. Give "
                "each model one."
            )
