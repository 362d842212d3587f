"""The best validation value to expect after a number of trials.

Points of the shared design are independent of what was seen, so they get the simultaneous confidence bands for tuning
curves of Lourie, Cho and He (NAACL 2024) through opda (a scrambled Sobol design is spread more evenly than independent
draws, which makes the bands a little wide). An end that the data do not bound is NaN, for the upper end of an AUC 1.
What a sampler chose is not independent: from there on the curve is the best value that was found so far, marked `iid`
false and without a band. Of a cell that was tuned by several searches (column `search`) nobody selected from all trials
at once: a curve is that of one search, the best value so far a mean over the searches. The points of all their designs
are as independent as those of one and make one band.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution

from study.comparison.cases import Floats
from study.comparison.metrics.measure import table

COLUMNS = ("method", "fraction", "iid", "trials", "value", "low", "high")
LEAST = 3  # points that a band needs to say anything


def budget_curves(trials: pd.DataFrame, direction: str) -> pd.DataFrame:
    """One row a cell and number of trials of a search. A failed trial counts as the worst value of its cell."""
    rows = []
    for _, cell in trials.groupby("cell", sort=False):
        ordered = cell.sort_values("number")
        values = ordered["value"].astype(float)
        if values.isna().all():
            continue
        worst = values.min() if direction == "maximize" else values.max()
        facts = {"method": cell["method"].iloc[0], "fraction": cell["fraction"].iloc[0]}
        known = ordered.assign(value=values.fillna(worst), shared=ordered["origin"] == "shared")
        searches = [found for _, found in known.groupby("search")] if "search" in known.columns else [known]
        rows += [{**facts, **row} for row in _curve(searches, direction)]
    return table(rows, COLUMNS)


def _curve(searches: Sequence[pd.DataFrame], direction: str) -> Iterator[dict[str, Any]]:
    """The trials of each search in their order; a curve ends with the shortest."""
    values = [rows["value"].to_numpy(float) for rows in searches]
    shared = [rows["shared"].to_numpy(bool) for rows in searches]
    design = np.concatenate([found[first] for found, first in zip(values, shared, strict=True)])
    most = min(int(first.sum()) for first in shared)
    if most and len(design) >= LEAST:
        counts = np.arange(1, most + 1)
        for count, value, low, high in zip(counts, *_bands(design, counts, direction), strict=True):
            yield {"iid": True, "trials": int(count), "value": value, "low": low, "high": high}
    if not all(first.all() for first in shared):
        least = min(len(found) for found in values)
        running = np.maximum if direction == "maximize" else np.minimum
        best = np.mean([running.accumulate(found[:least]) for found in values], axis=0)
        for size in range(max(most, 1), least + 1):
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
