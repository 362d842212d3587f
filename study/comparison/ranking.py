"""Who is best over all test sets, and how firmly: draws from what the study leaves open.

A draw adds to the estimates a case part (normal, from the covariance of different replicates, per test set) and a
replicate part (the replicates' own deviations with random weights, scaled to Student's t with r - 1 degrees of freedom,
the same weights on all test sets): for every contrast of two methods the spread is that of `inference`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from study.comparison.blocks import AnyBlock
from study.comparison.cases import Floats
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.metric import MAIN

COLUMNS = ("method", "fraction", "mean_rank", "low", "high", "p_best", "datasets")


def ranking(measured: Sequence[Measured], *, draws: int, seed: int, metric: str = MAIN) -> pd.DataFrame:
    """Mean rank (1 is best) by the main metric over the test sets, its 95 % interval and the probability of the best
    mean rank."""
    rows = []
    chosen = [
        found for found in measured
        if found.metric == metric and not found.reason and not np.isnan(found.errors).any()
    ]  # fmt: skip
    for fraction in dict.fromkeys(found.block.fraction for found in measured):
        kept = complete([found.block for found in chosen if found.block.fraction == fraction])
        here = [found for found in chosen if any(found.block is block for block in kept)]
        if not here:
            continue
        methods = here[0].block.methods
        ranks = mean_ranks(np.stack([found.values.mean(axis=1) for found in here])[None])[0]
        drawn = mean_ranks(draw_values(here, draws, seed))
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        best = drawn == drawn.min(axis=1, keepdims=True)
        share = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
        rows += [
            {"method": method, "fraction": fraction, "mean_rank": ranks[i], "low": min(low[i], ranks[i]),
             "high": max(high[i], ranks[i]), "p_best": share[i], "datasets": len(here)}
            for i, method in enumerate(methods)
        ]  # fmt: skip
    return table(rows, COLUMNS)


def complete(found: Sequence[AnyBlock]) -> list[AnyBlock]:
    """The test sets on which the most methods were evaluated, all of the same ones."""
    most = max((len(block.methods) for block in found), default=0)
    methods = next((block.methods for block in found if len(block.methods) == most), ())
    return [block for block in found if block.methods == methods]


def mean_ranks(values: Floats) -> Floats:
    """Ranks [..., methods], 1 is best, averaged over test sets, from values [..., test sets, methods]."""
    return np.asarray(rankdata(-values, axis=-1).mean(axis=-2))


def draw_values(here: Sequence[Measured], draws: int, seed: int) -> Floats:
    """Draws [draws, test sets, methods] of the methods' true values. All test sets are scored by the same models."""
    rng = np.random.default_rng([seed, zlib.crc32(b"ranking")])
    count = here[0].values.shape[1]
    weights = rng.normal(size=(draws, count))
    if count > 1:
        weights *= np.sqrt((count - 1) / rng.chisquare(count - 1, size=(draws, 1)) / (count * (count - 1)))
    parts = []
    for found in here:
        centre = found.values.mean(axis=1)
        moved = weights @ (found.values - centre[:, None]).T
        parts.append(centre + moved + rng.normal(size=(draws, len(centre))) @ _root(shared_covariance(found.errors)).T)
    return np.stack(parts, axis=1)


def shared_covariance(errors: Floats) -> Floats:
    """Case covariance [methods, methods] between different replicates (of the one, where there is only one)."""
    count = errors.shape[1]
    if count == 1:
        return np.asarray(errors[:, 0] @ errors[:, 0].T)
    total = errors.sum(axis=1)
    own = np.einsum("ird,jrd->ij", errors, errors)
    return np.asarray((total @ total.T - own) / (count * (count - 1)))


def _root(covariance: Floats) -> Floats:
    """The symmetric square root of the nearest covariance without negative variances (symmetric: the same anywhere)."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
