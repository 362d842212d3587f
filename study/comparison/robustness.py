"""How much of the main metric a method loses from the in-distribution test set to every other one.

Both values come from the same trained models, so replicates are paired; the images are other ones, so case errors add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from study.comparison.blocks import Block
from study.comparison.estimates import covers, unknown
from study.comparison.inference import infer
from study.comparison.metrics.class_metric import CLASS_METRICS
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.measure_classes import over_classes
from study.comparison.metrics.metric import MAIN

COLUMNS = ("method", "fraction", "dataset", "drop", "low", "high", "p", "df", "replicates", "covers", "reason")


def robustness(measured: Sequence[Measured], *, in_distribution: str | None, metric: str = MAIN) -> pd.DataFrame:
    """In-distribution value minus value, a row a method, fraction and other test set."""
    chosen = [found for found in measured if found.metric == metric and not found.reason]
    homes = {found.block.fraction: found for found in chosen if found.block.dataset == in_distribution}
    rows = []
    for away in chosen:
        home = homes.get(away.block.fraction)
        if home is None or away is home:
            continue
        home, away = _on_shared_classes(home, away)
        for index, method in enumerate(away.block.methods):
            if method not in home.block.methods:
                continue
            own = home.block.methods.index(method)
            errors = np.concatenate([home.errors[own], away.errors[index]], axis=1)
            found = infer(home.values[own] - away.values[index], errors, min(home.case_df, away.case_df))
            low, high = found.difference_interval(home.upper)
            rows.append(
                {"method": method, "fraction": away.block.fraction, "dataset": away.block.dataset, "drop": found.mean,
                 "low": low, "high": high, "p": found.p(), "df": found.df, "replicates": found.replicates,
                 "covers": covers(found), "reason": away.reason or unknown(found)}
            )  # fmt: skip
    return table(rows, COLUMNS)


def _on_shared_classes(home: Measured, away: Measured) -> tuple[Measured, Measured]:
    """Both over the classes that both test sets have: means over unlike classes say nothing of a shift."""
    one, other = home.block, away.block
    if isinstance(one, Block) or isinstance(other, Block) or one.cases.present == other.cases.present:
        return home, away
    shared = [label for label in one.cases.present if label in other.cases.present]
    if not shared:
        return home, replace(away, values=away.values * np.nan, reason="no class in common with the training data's")
    metric = CLASS_METRICS.get(home.metric)
    if metric.each is None and metric.each_decided is None:
        return home, replace(away, values=away.values * np.nan, reason="the test sets have other classes")
    return over_classes(one, home.metric, shared), over_classes(other, home.metric, shared)
