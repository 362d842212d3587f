"""The value of every replicate: what the means and intervals are made of, and which runs collapsed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from study.comparison.cases import Floats
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.metric import MAIN

COLUMNS = ("method", "fraction", "dataset", "metric", "replicate", "value", "collapsed")
CHANCE, FAR = 0.55, 0.10


def replicate_values(measured: Sequence[Measured], metric: str = MAIN) -> pd.DataFrame:
    """One row a method, replicate (counted from 1) and test set: its main metric, and whether by its AUC its training
    collapsed."""
    aucs = {id(found.block): found.values for found in measured if found.metric == MAIN}
    return table(
        [
            {
                "method": method, **found.facts, "replicate": number, "value": float(value), "collapsed": bool(fell),
            }
            for found in measured
            if found.metric == metric
            for method, values, by_auc in zip(found.block.methods, found.values, aucs[id(found.block)], strict=True)
            for number, (value, fell) in enumerate(zip(values, collapsed(by_auc), strict=True), start=1)
        ],
        COLUMNS,
    )  # fmt: skip


def collapsed(values: Floats) -> np.ndarray:
    """Which replicates [n] learned nothing although others did: an AUC near chance, far below the median of the others.

    Intervals assume that replicates vary alike. A run that collapses now and then breaks them: with 15 % of such runs a
    95 % interval covers 62 %.
    """
    if len(values) < 2 or np.isnan(values).any():
        return np.zeros(len(values), dtype=bool)
    others = np.array([np.median(np.delete(values, index)) for index in range(len(values))])
    return np.asarray((values <= CHANCE) & (values < others - FAR))
