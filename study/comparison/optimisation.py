"""Were they easier to optimise? What the trials of the search say, at equal luck: on the shared design points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from study.comparison.budget_curves import budget_curves
from study.comparison.errors import ComparisonError
from study.comparison.metrics.measure import table
from study.comparison.selection_stability import selection_stability

TRIALS = ("method", "fraction", "cell", "number", "state", "origin", "value")
CURVES = ("method", "fraction", "cell", "number", "epoch", "metric", "value")
DIFFICULTY = (
    "method", "fraction", "trials", "near_best", "spread", "epochs_to_95", "reached", "best", "reason",
)  # fmt: skip
PAIRED = ("method", "other", "fraction", "configurations", "difference", "low", "high", "better", "epochs")
Values = dict[Any, pd.Series]
"""Validation AUC by epoch of a (cell, number)."""
POINT, SHARE, AUC = 0.01, 0.95, "val_auc"


def optimisation(trials: pd.DataFrame, curves: pd.DataFrame, *, direction: str) -> dict[str, pd.DataFrame]:
    """Tables `difficulty`, `design_differences`, `selection_stability` and `budget_curves`. Raises `ComparisonError`.

    `trials`: method fraction cell number state origin value, and `param.<name>`; `curves`: method fraction cell number
    epoch metric value. Difficulty is in validation AUC, whatever the objective; `direction` (maximize or minimize) is
    that of `value`, which the budget curves show.
    """
    for name, found, columns in (("trials", trials, TRIALS), ("curves", curves, CURVES)):
        lacking = [column for column in columns if column not in found.columns]
        if lacking:
            raise ComparisonError(
                f"The table {name!r} has the columns {list(columns)}, but {lacking} are missing from "
                f"{list(found.columns)}. Make it from the study's record with `study compare`."
            )
    if direction not in ("maximize", "minimize"):
        raise ComparisonError(f"`direction` is 'maximize' or 'minimize', got {direction!r}. Give the objective's.")
    return {
        "difficulty": difficulty(trials, curves),
        "design_differences": design_differences(trials, curves),
        "selection_stability": selection_stability(trials, curves),
        "budget_curves": budget_curves(trials, direction),
    }


def difficulty(trials: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """One row a cell, on its shared design points.

    `near_best`: share within one AUC point of the best of all the cell's trials; a failed trial is not, a stopped one
    counts with what it had reached. `spread`: sd of their values. `epochs_to_95`: median epoch at which they reach 95 %
    of the cell's best; those that never do count as later than all others. `reached`: share that does.
    """
    auc = curves[curves["metric"] == AUC]
    return table([_cell(rows, auc) for _, rows in trials.groupby("cell", sort=False)], DIFFICULTY)


def _cell(rows: pd.DataFrame, auc: pd.DataFrame) -> dict[str, Any]:
    cell, shared = rows["cell"].iloc[0], rows[rows["origin"] == "shared"]
    facts = {"method": rows["method"].iloc[0], "fraction": rows["fraction"].iloc[0], "trials": len(shared)}
    here = auc[auc["cell"] == cell].dropna(subset=["value"])
    best = float(here["value"].max()) if len(here) else np.nan
    if not len(shared) or np.isnan(best):
        reason = "no trial has a validation AUC" if len(shared) else "no shared design point"
        return {**facts, **dict.fromkeys(DIFFICULTY[3:8], np.nan), "reason": reason}
    design = here[here["number"].isin(shared["number"])]
    values = design.groupby("number")["value"].max()
    arrived = design[design["value"] >= SHARE * best].groupby("number")["epoch"].min()
    epochs = np.append(arrived.to_numpy(float), np.full(len(shared) - len(arrived), np.inf))
    median = float(np.sort(epochs)[(len(epochs) - 1) // 2 : len(epochs) // 2 + 1].mean())
    return {
        **facts,
        "near_best": float((values >= best - POINT).sum() / len(shared)),
        "spread": float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        "epochs_to_95": median if np.isfinite(median) else np.nan,
        "reached": len(arrived) / len(shared),
        "best": best,
        "reason": "" if np.isfinite(median) else "half of the configurations or more never reach 95 % of the best",
    }


def design_differences(trials: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Mean paired difference of validation AUC between two methods over the configurations of the shared design that
    both tried, its 95 % interval (t over configurations), and the share of them on which `method` is better.

    A configuration is compared by its best epoch among those that it ran with both methods: the scheduler may have
    stopped it sooner with one of them. `epochs` is the median number of such epochs.
    """
    auc = curves[curves["metric"] == AUC].dropna(subset=["value"])
    values = {key: rows.set_index("epoch")["value"].sort_index() for key, rows in auc.groupby(["cell", "number"])}
    shared = trials[trials["origin"] == "shared"]
    rows = []
    for fraction, here in shared.groupby("fraction", sort=False):
        cells = {str(method): found.set_index("number") for method, found in here.groupby("method", sort=False)}
        for place, (method, found) in enumerate(cells.items()):
            for other, against in list(cells.items())[:place]:
                pairs = np.array(list(_paired(found, against, values))).reshape(-1, 2)
                if len(pairs) > 1:
                    row = {"method": method, "other": other, "fraction": fraction, **_summary(pairs[:, 0])}
                    rows.append({**row, "epochs": float(np.median(pairs[:, 1]))})
    return table(rows, PAIRED)


def _paired(found: pd.DataFrame, against: pd.DataFrame, values: Values) -> Iterator[tuple[float, int]]:
    """Difference and number of common epochs where both methods tried the same parameters and got a value."""
    names = [column for column in found.columns if column.startswith("param.")]
    for number in found.index.intersection(against.index):
        one, two = found.loc[number, names], against.loc[number, names]
        curves = [values.get((str(cell.loc[number, "cell"]), number)) for cell in (found, against)]
        if one.equals(two) and curves[0] is not None and curves[1] is not None:
            common = curves[0].index.intersection(curves[1].index)
            if len(common):
                yield float(curves[0][common].max() - curves[1][common].max()), len(common)


def _summary(gaps: np.ndarray) -> dict[str, Any]:
    half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    mean = float(gaps.mean())
    return {
        "configurations": len(gaps), "difference": mean, "low": mean - half, "high": mean + half,
        "better": float((gaps > 0).mean()),
    }  # fmt: skip
