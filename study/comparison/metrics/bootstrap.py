"""The clustered bootstrap of cases: whole lesions or patients are drawn with replacement.

It gives the case covariance of measures without a closed form; replicates and degrees of freedom then enter as for all
others (`inference`). Resampling five replicates as well would be too narrow (the variance of a mean of r resampled ones
is (r - 1) / r of the right one, and percentiles know no degrees of freedom) and would count the replicates' own case
error twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from study.comparison.blocks import Block, ClassBlock
from study.comparison.cases import Cases, Floats, Ints
from study.comparison.metrics.class_metric import ResampledClasses
from study.comparison.metrics.draws import ClassDraws, ClassModel, Draws, Model
from study.comparison.metrics.resampled import Weights

CHUNK = 250  # draws at once: some 4 MB a test set of 4,000 images, which stays in the processor's cache
Drawn = dict[str, Floats]
Resampled = Mapping[str, Callable[[Draws], Weights]]


def bootstrap(block: Block, metrics: Resampled, draws: int, seed: int) -> tuple[Drawn, Drawn]:
    """Values [models] and draws [models, draws] by metric. Blocks of one test set see the same draws."""
    if not metrics:
        return {}, {}
    once = np.ones((len(block.cases.positive), 1), dtype=np.float32)
    models = [Model(scores, block.cases.positive) for scores in block.flat]
    values = {name: np.concatenate(parts) for name, parts in _evaluate(models, once, metrics).items()}
    rng = np.random.default_rng([seed, zlib.crc32(block.dataset.encode())])
    parts: dict[str, list[Floats]] = {name: [] for name in metrics}
    for weights in weightings(block.cases, draws, rng):
        for name, drawn in _evaluate(models, weights, metrics).items():
            parts[name].append(np.stack(drawn))
    return values, {name: np.concatenate(drawn, axis=1) for name, drawn in parts.items()}


def _evaluate(models: Sequence[Model], weights: Weights, metrics: Resampled) -> dict[str, list[Floats]]:
    drawn = [Draws(model, weights) for model in models]
    return {name: [metric(model).astype(float) for model in drawn] for name, metric in metrics.items()}


def bootstrap_classes(
    block: ClassBlock, metrics: Mapping[str, ResampledClasses], draws: int, seed: int
) -> tuple[Drawn, Drawn]:
    """As `bootstrap`, of many classes."""
    if not metrics:
        return {}, {}
    models = [ClassModel(scores, block.cases.label) for scores in block.flat]

    def evaluated(function: ResampledClasses, weights: Weights) -> Floats:
        return np.stack([function(ClassDraws(model, weights)).astype(float) for model in models])

    once = np.ones((len(block.cases.label), 1), dtype=np.float32)
    values = {name: evaluated(function, once)[:, 0] for name, function in metrics.items()}
    owner = block.cases.rarest_of_cluster()
    strata = [np.flatnonzero(owner == one) for one in np.unique(owner)]
    rng = np.random.default_rng([seed, zlib.crc32(block.dataset.encode())])
    parts: dict[str, list[Floats]] = {name: [] for name in metrics}
    for weights in _weightings(block.cases.cluster, strata, draws, rng):
        for name, function in metrics.items():
            parts[name].append(evaluated(function, weights))
    return values, {name: np.concatenate(drawn, axis=1) for name, drawn in parts.items()}


def weightings(cases: Cases, draws: int, rng: np.random.Generator) -> Iterator[Weights]:
    """Image weights [n, up to CHUNK draws]. Clusters with and without a positive image are drawn separately, so that
    every draw holds both classes where the test set does."""
    with_positive = np.zeros(cases.cluster.max() + 1, dtype=bool)
    with_positive[cases.cluster[cases.positive]] = True
    strata = [np.flatnonzero(side) for side in (with_positive, ~with_positive) if side.any()]
    return _weightings(cases.cluster, strata, draws, rng)


def _weightings(cluster: Ints, strata: Sequence[Ints], draws: int, rng: np.random.Generator) -> Iterator[Weights]:
    """Image weights [n, up to CHUNK draws]; the clusters of each stratum are drawn among themselves."""
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        counts = np.zeros((cluster.max() + 1, size), dtype=np.float32)
        for stratum in strata:
            counts[stratum] = rng.multinomial(len(stratum), np.full(len(stratum), 1 / len(stratum)), size).T
        yield counts[cluster]
