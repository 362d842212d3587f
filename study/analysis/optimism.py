"""Optimism of the selection: a winner's validation value when selected, after training anew, and on the test set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from study.plan.cells import Plan
from study.protocol import holdings
from study.store.directory import StudyDirectory
from study.store.selection_record import Selection, Winner
from study.training.replicates import pairs
from trainables.training.objectives import OBJECTIVES

COLUMNS = (
    "method",
    "fraction",
    "search",
    "rank",
    "objective",
    "selected",
    "retrained",
    "retrained_sd",
    "replicates",
    "change",
    "change_low",
    "change_high",
    "test",
    "test_low",
    "test_high",
)


def optimism(
    plan: Plan, directory: StudyDirectory, selection: Selection, estimates: pd.DataFrame, in_distribution: str | None
) -> pd.DataFrame:
    """One row a winner: its validation value when it was selected, the mean and sd of those of its replicates on their
    own splits, and the method's value of the same measure on the in-distribution test set (NaN where the comparison
    does not have it), with their 95 % intervals. That of `change`, from the selected value to the mean of the
    replicates, is Student's t over them (NaN with one): the selected value is a number that the study had, not an
    estimate."""
    values: dict[tuple[str, int, int], list[float]] = {}
    for winner, pair in pairs(plan, selection):
        value = _validation(plan, directory, winner, pair)
        if value is not None:
            values.setdefault((winner.cell, winner.search, winner.rank), []).append(value)
    objective = plan.spec.search.objective
    metric = OBJECTIVES.get(objective).metric
    rows = []
    for winner in selection.winners:
        cell = plan.cell(winner.cell)
        replicates = np.array(values.get((winner.cell, winner.search, winner.rank), []))
        rows.append(
            {
                "method": cell.method.name,
                "fraction": cell.fraction,
                "search": winner.search,
                "rank": winner.rank,
                "objective": objective,
                "selected": winner.value,
                "retrained": replicates.mean() if len(replicates) else np.nan,
                "retrained_sd": replicates.std(ddof=1) if len(replicates) > 1 else np.nan,
                "replicates": len(replicates),
                **_change(winner.value, replicates),
                **_tested(estimates, cell.method.name, cell.fraction, in_distribution, metric),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _validation(plan: Plan, directory: StudyDirectory, winner: Winner, pair: int) -> float | None:
    """A replicate's validation value: from the record of a prediction table, or in older studies from its result."""
    prediction_record = directory.prediction(plan.spec.tests[0].name, winner.cell, winner.rank, pair).with_suffix(
        ".json"
    )
    result = directory.replicate(winner.cell, winner.rank, pair) / "result.json"
    for path, name in ((prediction_record, "validation"), (result, "value")):
        if path.exists():
            value = holdings.read_json(path, "Delete it and `study run` the study again.").get(name)
            if value is not None:
                return float(value)
    return None


def _change(selected: float, replicates: np.ndarray) -> dict[str, float]:
    if not len(replicates):
        return dict.fromkeys(("change", "change_low", "change_high"), np.nan)
    mean = float(replicates.mean() - selected)
    half = np.nan
    if len(replicates) > 1:
        half = float(stats.t.ppf(0.975, len(replicates) - 1) * replicates.std(ddof=1) / np.sqrt(len(replicates)))
    return {"change": mean, "change_low": mean - half, "change_high": mean + half}


def _tested(
    estimates: pd.DataFrame, method: str, fraction: float, dataset: str | None, metric: str | None
) -> dict[str, float]:
    rows = estimates[
        (estimates["method"] == method)
        & (estimates["fraction"] == fraction)
        & (estimates["dataset"] == dataset)
        & (estimates["metric"] == metric)
    ]
    columns = {"test": "estimate", "test_low": "low", "test_high": "high"}
    return {name: float(rows[column].iloc[0]) if len(rows) else np.nan for name, column in columns.items()}
