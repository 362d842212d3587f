"""The value of every replicate: what the means and intervals are made of, and which runs collapsed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from study.comparison.cases import Floats
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.metric import MAIN
from study.comparison.stability import model_aucs

COLUMNS = ("method", "fraction", "dataset", "metric", "replicate", "value", "collapsed")
CHANCE, FAR = 0.55, 0.10


def replicate_values(measured: Sequence[Measured], metric: str = MAIN) -> pd.DataFrame:
    """One row a method, replicate (counted from 1) and test set: its main metric, and whether by their AUC one of the
    trainings that it is the mean of collapsed."""
    fallen = {id(found.block): _fallen(found) for found in measured if found.metric == MAIN}
    return table(
        [
            {
                "method": method, **found.facts, "replicate": number, "value": float(value), "collapsed": bool(one),
            }
            for found in measured
            if found.metric == metric
            for method, values, fell in zip(found.block.methods, found.values, fallen[id(found.block)], strict=True)
            for number, (value, one) in enumerate(zip(values, fell, strict=True), start=1)
        ],
        COLUMNS,
    )  # fmt: skip


def _fallen(found: Measured) -> np.ndarray:
    """Replicates [methods, replicates] with a training that collapsed; of an undefined AUC none is known."""
    if found.reason:
        return np.zeros(found.values.shape, dtype=bool)
    aucs = model_aucs(found.block)
    fell = [collapsed(of_method.ravel()).reshape(of_method.shape).any(axis=1) for of_method in aucs]
    return np.array(fell)


def collapsed(values: Floats) -> np.ndarray:
    """Which trainings [n] learned nothing although others did: an AUC near chance, far below the median of the others.

    Intervals assume that trainings vary alike. A run that collapses now and then breaks them: with 15 % of such runs a
    95 % interval covers 62 %.
    """
    if len(values) < 2 or np.isnan(values).any():
        return np.zeros(len(values), dtype=bool)
    others = np.array([np.median(np.delete(values, index)) for index in range(len(values))])
    return np.asarray((values <= CHANCE) & (values < others - FAR))
