"""Does the ranking hang on one replicate, one test set, one winner, the selection rule or the budget?

Kendall's tau with the full ranking (1: the same order, -1: reversed), and whether the same method is best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Floats
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.metric import MAIN
from study.comparison.ranking import complete, mean_ranks

COLUMNS = ("fraction", "varied", "setting", "tau", "best", "same_best")
Setting = tuple[str, str, Floats]


def stability(measured: Sequence[Measured], metric: str = MAIN) -> pd.DataFrame:
    """Rankings by the main metric over the test sets: without each replicate, without each test set, and of the AUC
    with each winner alone (others are known for a replicate's winners together)."""
    rows: list[dict[str, Any]] = []
    chosen = {id(found.block): found for found in measured if found.metric == metric and not found.reason}
    for fraction in dict.fromkeys(found.block.fraction for found in measured):
        here = complete([found.block for found in chosen.values() if found.block.fraction == fraction])
        if here and len(here[0].methods) > 1:
            known = [chosen[id(block)].values[..., None] if metric != MAIN else model_aucs(block) for block in here]
            values = np.stack(known)
            full = mean_ranks(values.mean(axis=(2, 3)))
            ranks = here[0].ranks if metric == MAIN else ()
            settings = _settings(values, [block.dataset for block in here], ranks)
            rows += compared(fraction, here[0].methods, full, settings)
    return table(rows, COLUMNS)


def model_aucs(block: AnyBlock) -> Floats:
    """AUC [methods, replicates, members] of every model; of many classes the mean over those that the test set has."""
    views = [block] if isinstance(block, Block) else [block.against_rest(one) for one in block.cases.present]
    each = [closed_form.auroc(view.flat, view.cases.positive)[0] for view in views]
    return np.asarray(np.mean(each, axis=0).reshape(block.shape))


def _settings(values: Floats, datasets: Sequence[str], winners: Sequence[int]) -> Iterator[Setting]:
    """Ranks from values [test sets, methods, replicates, members]; `winners` [members] are the members' ranks, where
    these are known: members that are pairs of one search are no other winners."""
    sets, _, replicates, _ = values.shape
    for index in range(replicates if replicates > 1 else 0):
        yield "replicate left out", str(index + 1), mean_ranks(np.delete(values, index, axis=2).mean(axis=(2, 3)))
    for index in range(sets if sets > 1 else 0):
        yield "test set left out", datasets[index], mean_ranks(np.delete(values, index, axis=0).mean(axis=(2, 3)))
    ranks = sorted(set(winners))
    for place, rank in enumerate(ranks if len(ranks) > 1 else (), start=1):
        yield "winner alone", str(place), mean_ranks(values[..., np.equal(winners, rank)].mean(axis=(2, 3)))


def compared(
    fraction: float, methods: Sequence[str], full: Floats, settings: Iterator[Setting]
) -> Iterator[dict[str, Any]]:
    """One row a setting; `full` are the ranks [methods] that its ranks are compared with."""
    for varied, setting, ranks in settings:
        tau = float(kendalltau(full, ranks).statistic)
        best = methods[int(np.argmin(ranks))]
        yield {"fraction": fraction, "varied": varied, "setting": setting, "tau": tau, "best": best,
               "same_best": bool(ranks[int(np.argmin(full))] == ranks.min())}  # fmt: skip
