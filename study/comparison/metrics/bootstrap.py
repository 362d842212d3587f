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
from study.comparison.cases import Floats, Ints
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
    label = block.cases.positive.astype(np.int64)
    for weights in weightings(block.cases.cluster, label, draws, rng):
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
    rng = np.random.default_rng([seed, zlib.crc32(block.dataset.encode())])
    parts: dict[str, list[Floats]] = {name: [] for name in metrics}
    for weights in weightings(block.cases.cluster, block.cases.label, draws, rng):
        for name, function in metrics.items():
            parts[name].append(evaluated(function, weights))
    return values, {name: np.concatenate(drawn, axis=1) for name, drawn in parts.items()}


def weightings(cluster: Ints, label: Ints, draws: int, rng: np.random.Generator) -> Iterator[Weights]:
    """Image weights [n, up to CHUNK draws] from `cluster` [n] and `label` [n].

    Clusters are drawn whatever their class: new patients bring other shares of the classes, on which average precision
    and calibration depend. A draw that lacks a class of the test set is drawn again.
    """
    size = cluster.max() + 1
    classes = np.unique(label)
    holds = np.zeros((len(classes), size), dtype=np.float32)
    holds[np.searchsorted(classes, label), cluster] = 1

    def drawn(count: int) -> Weights:
        return rng.multinomial(size, np.full(size, 1 / size), count).T.astype(np.float32)

    for start in range(0, draws, CHUNK):
        counts = drawn(min(CHUNK, draws - start))
        while (lacking := (holds @ counts < 1).any(axis=0)).any():
            counts[:, lacking] = drawn(int(lacking.sum()))
        yield counts[cluster]
