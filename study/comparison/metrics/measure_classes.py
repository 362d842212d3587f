"""All measures of a block of many classes with their case errors, in the shape of those of two.

A test set need not have every class: what is a mean over classes is one over those that it has, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.cases import Floats
from study.comparison.metrics import closed_form
from study.comparison.metrics.bootstrap import bootstrap_classes
from study.comparison.metrics.class_metric import CLASS_METRICS, ClassMetric, Pooled
from study.comparison.metrics.draws import ClassModel
from study.comparison.metrics.measure import Measured, by_chance, from_draws, measure, measured, models_sd, undefined
from study.comparison.metrics.metric import MAIN, ClosedForm


def measure_any(block: AnyBlock, draws: int, seed: int) -> list[Measured]:
    """All registered metrics of a block of two classes or of more."""
    return measure(block, draws, seed) if isinstance(block, Block) else measure_classes(block, draws, seed)


def measure_classes(block: ClassBlock, draws: int, seed: int, wanted: Sequence[str] | None = None) -> list[Measured]:
    """The wanted metrics of many classes in their order (all registered ones); the bootstrap runs for those that need
    it."""
    metrics = {name: CLASS_METRICS.get(name) for name in wanted} if wanted else dict(CLASS_METRICS.items())
    lacking = block.cases.reason()
    defined = {name: metric for name, metric in metrics.items() if metric.one_class or not lacking}
    resampled = {name: metric.resampled for name, metric in defined.items() if metric.resampled}
    values, drawn = bootstrap_classes(block, resampled, draws, seed)
    rows = []
    for name, metric in metrics.items():
        if name not in defined:
            rows.append(undefined(block, name, lacking))
        elif name in drawn:
            found = from_draws(block, name, values[name], drawn[name], block.cases.rarest())
            if metric.chance is not None:
                models = [ClassModel(scores, block.cases.label) for scores in block.flat]
                found = by_chance(found, [metric.chance(model) for model in models])
            rows.append(found)
        else:
            rows.append(_closed(block, name, metric))
    note = absent(block)
    return [replace(row, upper=metrics[row.metric].upper, note=note) for row in rows]


def absent(block: ClassBlock) -> str:
    """What a mean over the classes leaves out, in words; empty where the test set has all of them."""
    names = [name for label, name in enumerate(block.classes) if label not in block.cases.present]
    if not names:
        return ""
    return f"over {len(block.cases.present)} of {len(block.classes)} classes: no image of {', '.join(names)}"


def main_measure(block: AnyBlock, labels: Sequence[int] | None = None) -> Measured:
    """The AUC; of many classes the mean over `labels` (all that the test set has)."""
    if isinstance(block, Block):
        return measured(block, MAIN, closed_form.auroc)
    return mean_over_classes(block, MAIN, closed_form.auroc, block.against_rest, labels)


def over_classes(block: ClassBlock, name: str, labels: Sequence[int]) -> Measured:
    """A metric that is a mean over the classes, over these alone."""
    metric = CLASS_METRICS.get(name)
    if metric.each is not None:
        return mean_over_classes(block, name, metric.each, block.against_rest, labels)
    assert metric.each_decided is not None, "only means over the classes can be taken over some of them"
    return mean_over_classes(block, name, metric.each_decided, block.decided, labels)


def mean_over_classes(
    block: ClassBlock,
    metric: str,
    function: ClosedForm,
    view: Callable[[int], Block],
    labels: Sequence[int] | None = None,
) -> Measured:
    """The mean over classes of a measure of each against the rest; its error is the mean of their error vectors."""
    chosen = block.cases.present if labels is None else tuple(labels)
    values, errors = np.zeros(()), np.zeros(())
    for label in chosen:
        one = view(label)
        of_class, influence = function(one.flat, one.cases.positive)
        values = values + of_class / len(chosen)
        errors = errors + one.cases.errors(influence) / len(chosen)
    return _measured(block, metric, values, errors)


def _closed(block: ClassBlock, name: str, metric: ClassMetric) -> Measured:
    if metric.each is not None:
        return mean_over_classes(block, name, metric.each, block.against_rest)
    if metric.each_decided is not None:
        return mean_over_classes(block, name, metric.each_decided, block.decided)
    assert metric.pooled is not None
    return _pooled(block, name, metric.pooled)


def _pooled(block: ClassBlock, name: str, function: Pooled) -> Measured:
    values, influence = function(block.flat, block.cases.label)
    return _measured(block, name, values, block.cases.errors(influence))


def _measured(block: ClassBlock, metric: str, values: Floats, errors: Floats) -> Measured:
    return Measured(
        block=block,
        metric=metric,
        values=block.fold(values),
        errors=block.fold(errors),
        cases=block.cases.rarest(),
        models_sd=models_sd(block, values),
        free=block.cases.free(errors),
    )
