"""Would another selection rule or a smaller budget have ranked the methods otherwise on the validation images?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from study.comparison.cases import Floats
from study.comparison.metrics.measure import table
from study.comparison.stability import COLUMNS, Setting, compared

SHARES, WINDOW, AUC = (0.25, 0.5, 0.75), 3, "val_auc"


def selection_stability(trials: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Rankings by the validation AUC of each cell's winner: with the value smoothed over three epochs, and after a
    quarter, half and three quarters of the trials; compared with the plain best of all trials. A cell that was tuned by
    several searches (column `search` of the trials) has a winner of each: their mean."""
    auc = curves[curves["metric"] == AUC].dropna(subset=["value"])
    if "search" in trials.columns:
        auc = auc.merge(trials[["cell", "number", "search"]], on=["cell", "number"])
    else:
        auc = auc.assign(search=0)
    rows: list[dict[str, Any]] = []
    for fraction, here in auc.groupby("fraction", sort=False):
        methods = [str(method) for method in here["method"].unique()]
        if len(methods) > 1:
            cells = [here[here["method"] == method] for method in methods]
            budget = [int((trials["cell"] == cell["cell"].iloc[0]).sum()) for cell in cells]
            full = _ranks([_best(cell) for cell in cells])
            rows += compared(float(str(fraction)), methods, full, _settings(cells, budget))
    return table(rows, COLUMNS)


def _settings(cells: Sequence[pd.DataFrame], budget: Sequence[int]) -> Iterator[Setting]:
    yield "selection rule", "best smoothed", _ranks([_best(cell, WINDOW) for cell in cells])
    for share in SHARES:
        kept = [cell[cell["number"] < share * size] for cell, size in zip(cells, budget, strict=True)]
        if all(set(few["search"]) == set(cell["search"]) for few, cell in zip(kept, cells, strict=True)):
            yield "budget", f"{share:.0%} of the trials", _ranks([_best(cell) for cell in kept])


def _best(cell: pd.DataFrame, window: int = 1) -> float:
    """The best value of any trial of a search, each smoothed over `window` epochs (all of a shorter trial's); the mean
    over the searches."""
    values: dict[Any, list[float]] = {}
    for (search, _), rows in cell.sort_values("epoch").groupby(["search", "number"]):
        curve = rows["value"].to_numpy(float)
        width = min(window, len(curve))
        best = float(np.convolve(curve, np.full(width, 1 / width), mode="valid").max())
        values.setdefault(search, []).append(best)
    return float(np.mean([max(found) for found in values.values()]))


def _ranks(values: Sequence[float]) -> Floats:
    return np.asarray(rankdata(-np.array(values)), dtype=float)
