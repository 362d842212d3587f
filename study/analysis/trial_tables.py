"""A study's trials as flat tables: the form that the comparison and the report read."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from study.plan.cells import Plan
from study.plan.repeats import search_of_trial
from study.store.trial import TrialRecord

CURVES = ("val_auc", "val_loss", "train_loss")


def trials_table(plan: Plan, trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """One row a trial: method, fraction, cell, number, search (where a cell has several), state, origin, value (best
    of its epochs, null when it has none), epochs, seconds on device, and `param.<name>` for every searched parameter.
    """
    rows, repeats = [], plan.spec.search.repeats
    for trial in trials:
        cell = plan.cell(trial.cell)
        rows.append(
            {
                "method": cell.method.name,
                "fraction": cell.fraction,
                "cell": trial.cell,
                "number": trial.number,
                **({"search": search_of_trial(trial.number, repeats)} if repeats > 1 else {}),
                "state": trial.state,
                "origin": trial.origin,
                "value": trial.value,
                "epochs": len(trial.epochs),
                "seconds": trial.seconds,
                **{f"param.{name}": trial.params[name] for name in cell.space.domains},
            }
        )
    return pd.DataFrame(rows)


def curves_table(plan: Plan, trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """One row a trial, epoch (1-based) and metric."""
    rows = [
        {
            "method": plan.cell(trial.cell).method.name,
            "fraction": plan.cell(trial.cell).fraction,
            "cell": trial.cell,
            "number": trial.number,
            "epoch": record.epoch,
            "metric": metric,
            "value": record.metrics[metric],
        }
        for trial in trials
        for record in trial.epochs
        for metric in dict.fromkeys((*CURVES, plan.spec.search.objective))
        if metric in record.metrics
    ]
    return pd.DataFrame(rows, columns=["method", "fraction", "cell", "number", "epoch", "metric", "value"])
