"""The best validation value to expect after a number of trials.

Points of the shared design are independent of what was seen, so they get the simultaneous confidence bands for tuning
curves of Lourie, Cho and He (NAACL 2024) through opda (a scrambled Sobol design is spread more evenly than independent
draws, which makes the bands a little wide). An end that the data do not bound is NaN, for the upper end of an AUC 1.
What a sampler chose is not independent: from there on the curve is the best value that was found so far, marked `iid`
false and without a band.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution

from study.comparison.cases import Floats
from study.comparison.metrics.measure import table

COLUMNS = ("method", "fraction", "iid", "trials", "value", "low", "high")
LEAST = 3  # points that a band needs to say anything


def budget_curves(trials: pd.DataFrame, direction: str) -> pd.DataFrame:
    """One row a cell and number of trials. A failed trial counts as the worst value of its cell."""
    rows = []
    for _, cell in trials.groupby("cell", sort=False):
        ordered = cell.sort_values("number")
        values = ordered["value"].astype(float)
        if values.isna().all():
            continue
        worst = values.min() if direction == "maximize" else values.max()
        facts = {"method": cell["method"].iloc[0], "fraction": cell["fraction"].iloc[0]}
        shared = (ordered["origin"] == "shared").to_numpy(bool)
        rows += [
            {**facts, **row} for row in _curve(np.asarray(values.fillna(worst), dtype=np.float64), shared, direction)
        ]
    return table(rows, COLUMNS)


def _curve(values: Floats, shared: np.ndarray, direction: str) -> Iterator[dict[str, Any]]:
    design = values[shared]
    if len(design) >= LEAST:
        counts = np.arange(1, len(design) + 1)
        for count, value, low, high in zip(counts, *_bands(design, counts, direction), strict=True):
            yield {"iid": True, "trials": int(count), "value": value, "low": low, "high": high}
    if not shared.all():
        best = np.maximum.accumulate(values) if direction == "maximize" else np.minimum.accumulate(values)
        for size in range(max(int(shared.sum()), 1), len(values) + 1):
            yield {"iid": False, "trials": size, "value": best[size - 1], "low": np.nan, "high": np.nan}


@functools.cache
def _generator(points: int) -> np.random.Generator:
    """opda simulates a band's critical value once for each number of points and generator; a generator a size makes
    that value the same in every process, whatever was simulated before."""
    return np.random.default_rng(points)


def _bands(values: Floats, counts: np.ndarray, direction: str) -> tuple[Floats, Floats, Floats]:
    """Median best value after each count, and the ends of its 95 % band."""
    minimize = direction == "minimize"
    with warnings.catch_warnings():
        # Equal values only make distribution-free bands wider than they need be.
        warnings.filterwarnings("ignore", "Duplicates detected in ys", RuntimeWarning)
        # n_jobs: more would fork this process, whose other threads (Ray's) may hold locks that the fork inherits.
        lower, point, upper = EmpiricalDistribution.confidence_bands(
            values, confidence=0.95, method="ld_equal_tailed", n_jobs=1, generator=_generator(len(values))
        )
    curves = [found.quantile_tuning_curve(counts, minimize=minimize) for found in (point, upper, lower)]
    low, high = np.sort(np.stack(curves[1:]), axis=0)
    high = np.where(np.isinf(high), np.nan if minimize else 1.0, high)
    return np.asarray(curves[0]), np.where(np.isinf(low), np.nan, low), high
