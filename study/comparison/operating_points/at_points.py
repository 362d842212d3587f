"""The measures of a block at its operating points: decisions in place of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Floats, Ints
from study.comparison.metrics import closed_form
from study.comparison.metrics.closed_form import Shares
from study.comparison.metrics.measure import Measured, measured
from study.comparison.operating_points import decisions
from study.comparison.operating_points.frozen_columns import points_of, threshold_column
from study.comparison.operating_points.rules import choose_threshold

MEASURES: dict[str, Callable[..., Shares]] = {
    "sensitivity": closed_form.sensitivity,
    "specificity": closed_form.specificity,
    "ppv": decisions.positive_predictive_value,
    "npv": decisions.negative_predictive_value,
    "called": decisions.called_share,
    "biopsies_per_find": decisions.calls_per_find,
}
AT_PREVALENCE = ("ppv", "npv", "called", "biopsies_per_find")
NOTHING = {
    "ppv": "a model calls no image positive", "npv": "a model calls every image positive",
    "biopsies_per_find": "a model finds no positive image",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AtPoint:
    """One measure of a block at one operating point. Of each method [methods]: `cases`, the clusters that the measure
    is a share of (the fewest of any of its models); `lacking`, its models without a threshold, where nothing is known;
    `own` and the thresholds, means over its models. `prevalence`: the share of positives at which it is given."""

    point: str
    found: Measured
    cases: Ints
    lacking: Ints
    own: Floats
    threshold: Floats
    own_threshold: Floats
    prevalence: float

    @property
    def facts(self) -> dict[str, Any]:
        """What the rows of every table begin with."""
        block = self.found.block
        return {"fraction": block.fraction, "dataset": block.dataset, "point": self.point, "measure": self.found.metric}

    def of(self, *methods: int) -> Measured:
        """The measure with the cases, and so the degrees of freedom, that these methods have in common."""
        return replace(self.found, cases=int(self.cases[list(methods)].min()))

    def reason(self, value: float, *methods: int) -> str:
        """Why the value of these methods is undefined; empty where it is not."""
        for index in methods:
            if self.lacking[index]:
                whose = f" of {self.found.block.methods[index]}" if len(methods) > 1 else ""
                return f"{self.lacking[index]} of {self.found.block.models} models{whose} have no threshold"
        return NOTHING.get(self.found.metric, "") if math.isnan(value) else ""


def at_points(blocks: Sequence[AnyBlock], prevalence: float | None = None) -> list[AtPoint]:
    """Every measure at every operating point of a block; none of more than two classes.

    Predictive values hold at a share of positives: `prevalence`, or where None the test set's own.
    """
    two = [block for block in blocks if isinstance(block, Block) and not block.cases.reason()]
    return [
        found for block in two for point in points_of(block.frozen) for found in _at_point(block, point, prevalence)
    ]


def decided(block: Block, thresholds: Floats) -> Block:
    """The block with decisions (1: at or above the model's threshold) in place of scores; `thresholds` [methods,
    replicates, members]."""
    return replace(block, scores=(block.scores >= thresholds[..., None]).astype(float))


def _at_point(block: Block, point: str, prevalence: float | None) -> Iterator[AtPoint]:
    thresholds = block.frozen[threshold_column(point)]
    lacking = np.isnan(thresholds).sum(axis=(1, 2))
    if (lacking == block.models).all():  # a point that is not of this block
        return
    shape = block.scores.shape[:3]
    own = np.array([choose_threshold(point, scores, block.cases.positive) for scores in block.flat]).reshape(shape)
    given, best = decided(block, thresholds), decided(block, own)
    for name in MEASURES:
        found, of_own = _measure(given, name, prevalence), _measure(best, name, prevalence).values.mean(axis=1)
        values = np.where(lacking[:, None] > 0, np.nan, found.values)
        yield AtPoint(
            point=point,
            found=replace(found, values=values),
            cases=_cases(given, name),
            lacking=lacking,
            own=np.where(np.isnan(own).any(axis=(1, 2)), np.nan, of_own),
            threshold=thresholds.mean(axis=(1, 2)),
            own_threshold=own.mean(axis=(1, 2)),
            prevalence=prevalence or float(block.cases.positive.mean()),
        )


def _measure(block: Block, name: str, prevalence: float | None) -> Measured:
    function = MEASURES[name]
    found = measured(block, name, partial(function, prevalence=prevalence) if name in AT_PREVALENCE else function)
    return replace(found, upper=math.inf if name == "biopsies_per_find" else 1.0)


def _cases(block: Block, name: str) -> Ints:
    """Clusters of the images that a measure is a share of: positives, negatives, all, or those that a model calls (does
    not call), of the model of a method that has the fewest."""
    positives, negatives = block.cases.classes()
    every = block.cases.count(np.ones_like(block.cases.positive))
    same = {"sensitivity": positives, "specificity": negatives, "called": every}
    if name in same:
        return np.full(len(block.methods), same[name])
    called = block.flat < 1 if name == "npv" else block.flat > 0
    return np.array([block.cases.count(one) for one in called]).reshape(len(block.methods), -1).min(axis=1)
