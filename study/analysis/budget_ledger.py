"""The budget ledger: planned and spent budget by cell, with flags where a method got more than the others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from study.plan.cells import Plan
from study.store.trial import TrialRecord

TOLERANCE = 0.10  # one method may get this much more than the median of its peers before it is flagged


def ledger(plan: Plan, trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """One row a cell: planned and spent trials and epochs, images seen, device-seconds; `flags` in words."""
    rows = [_row(plan, cell.key, [trial for trial in trials if trial.cell == cell.key]) for cell in plan.cells]
    table = pd.DataFrame(rows)
    table["flags"] = ""
    for _, group in table.groupby("fraction"):
        for index, row in group.iterrows():
            peers = group.drop(index=index)
            found = [
                _flag(column, float(row[column]), float(peers[column].median()))
                for column in ("epochs", "images", "seconds", "failed")
                if len(peers)
            ]
            table.loc[index, "flags"] = "; ".join(flag for flag in found if flag)
    return table


def _row(plan: Plan, key: str, trials: list[TrialRecord]) -> dict[str, object]:
    cell = plan.cell(key)
    states = [trial.state for trial in trials]
    return {
        "cell": key,
        "method": cell.method.name,
        "fraction": cell.fraction,
        "dimensions": cell.space.dimensions,
        "planned_trials": cell.trials,
        "planned_epochs": cell.trials * cell.max_epochs,
        "complete": states.count("COMPLETE"),
        "pruned": states.count("PRUNED"),
        "failed": states.count("FAIL"),
        "epochs": sum(len(trial.epochs) for trial in trials),
        "images": sum(_images(trial) for trial in trials if trial.epochs),
        "seconds": sum(trial.seconds for trial in trials),
    }


def _images(trial: TrialRecord) -> float:
    """Images seen in fine-tuning, and in the contrastive stage, which counts for the trial that computed it."""
    last = trial.epochs[-1].metrics
    computed = max(record.metrics.get("stage_computed", 0.0) for record in trial.epochs)
    return last.get("images", 0.0) + computed * last.get("stage_images", 0.0)


def _flag(column: str, value: float, peers: float) -> str:
    """In words, where a cell has more than the tolerance above the median of its peers; empty where it has not."""
    if peers > 0:
        more = value > peers * (1 + TOLERANCE)
        return f"{column} {value / peers - 1:+.0%} against the other methods' median" if more else ""
    if column == "failed" and value > 0:  # no share of nothing: any that failed are more
        return f"failed {value:.0f} against the other methods' median of 0"
    return ""
