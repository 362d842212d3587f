"""What each method does at the thresholds that its models were given before the test set was read.

Each trained model has its own threshold, from its own validation images, so the spread over replicates carries what
choosing a threshold on few images costs. Beside each value stands `own`: the same rule applied to the test set's own
labels, what one could have had and not what one would get. It has no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Floats
from study.comparison.differences import difference
from study.comparison.estimates import bounded, covers, unknown
from study.comparison.holm import holm
from study.comparison.inference import infer
from study.comparison.metrics import closed_form
from study.comparison.metrics.closed_form import Shares
from study.comparison.metrics.measure import Measured, measured, table
from study.comparison.operating_points import decisions
from study.comparison.operating_points.frozen_columns import points_of, threshold_column
from study.comparison.operating_points.rules import choose_threshold
from study.comparison.share_interval import share_interval

COLUMNS = (
    "method", "fraction", "dataset", "point", "measure", "estimate", "sd", "low", "high", "own", "threshold",
    "own_threshold", "prevalence", "replicates", "covers", "reason",
)  # fmt: skip
PAIRED = (
    "method", "other", "fraction", "dataset", "point", "measure", "difference", "low", "high", "p", "p_holm",
    "replicates", "covers", "reason",
)  # fmt: skip
SHIFTED = (
    "method", "fraction", "dataset", "point", "measure", "change", "low", "high", "p", "replicates", "covers", "reason",
)  # fmt: skip
MEASURES: dict[str, Callable[..., Shares]] = {
    "sensitivity": closed_form.sensitivity,
    "specificity": closed_form.specificity,
    "ppv": decisions.positive_predictive_value,
    "npv": decisions.negative_predictive_value,
    "called": decisions.called_share,
    "biopsies_per_find": decisions.calls_per_find,
}
AT_PREVALENCE = ("ppv", "npv", "called", "biopsies_per_find")
COMPARED = ("sensitivity", "specificity", "ppv", "npv")
NOTHING = {
    "ppv": "a model calls no image positive", "npv": "a model calls every image positive",
    "biopsies_per_find": "a model finds no positive image",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AtPoint:
    """One measure of a block at one operating point; `own` and the thresholds are means [methods]; `prevalence`: the
    share of positives at which it is given."""

    point: str
    found: Measured
    own: Floats
    threshold: Floats
    own_threshold: Floats
    prevalence: float

    @property
    def facts(self) -> dict[str, Any]:
        """What the rows of every table begin with."""
        block = self.found.block
        return {"fraction": block.fraction, "dataset": block.dataset, "point": self.point, "measure": self.found.metric}


def at_points(blocks: Sequence[AnyBlock], prevalence: float | None = None) -> list[AtPoint]:
    """Every measure at every operating point of the methods that have one; none of more than two classes.

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
    column = threshold_column(point)
    known = block.knowing([column])
    if known is None:
        return
    shape = known.scores.shape[:3]
    own = np.array([choose_threshold(point, scores, known.cases.positive) for scores in known.flat]).reshape(shape)
    given, best = decided(known, known.frozen[column]), decided(known, own)
    for name in MEASURES:
        of_own = _measure(best, name, prevalence).values.mean(axis=1)
        yield AtPoint(
            point=point,
            found=_measure(given, name, prevalence),
            own=np.where(np.isnan(own).any(axis=(1, 2)), np.nan, of_own),
            threshold=known.frozen[column].mean(axis=(1, 2)),
            own_threshold=own.mean(axis=(1, 2)),
            prevalence=prevalence or float(known.cases.positive.mean()),
        )


def _measure(block: Block, name: str, prevalence: float | None) -> Measured:
    function = MEASURES[name]
    found = measured(block, name, partial(function, prevalence=prevalence) if name in AT_PREVALENCE else function)
    positives, negatives = found.classes
    cases = {"sensitivity": positives, "specificity": negatives}.get(name, found.cases)
    return replace(found, cases=cases, upper=math.inf if name == "biopsies_per_find" else 1.0)


def operating_points(found: Sequence[AtPoint]) -> pd.DataFrame:
    """One row a method, operating point and measure."""
    return table([_row(item, index) for item in found for index in range(len(item.found.values))], COLUMNS)


def _row(item: AtPoint, index: int) -> dict[str, Any]:
    found = item.found
    inference = infer(found.values[index], found.errors[index], found.case_df)
    if math.isinf(found.upper):
        low, high = bounded(inference, found.upper, found.cases)
        low = max(low, 1.0)  # whoever is found was called
    else:
        low, high = share_interval(inference, found.cases)
    return {
        "method": found.block.methods[index], **item.facts, "estimate": inference.mean, "sd": inference.sd,
        "low": low, "high": high, "own": float(item.own[index]), "threshold": float(item.threshold[index]),
        "own_threshold": float(item.own_threshold[index]), "prevalence": item.prevalence,
        "replicates": inference.replicates, "covers": covers(inference),
        "reason": _nothing(found, inference.mean) or unknown(inference),
    }  # fmt: skip


def _nothing(found: Measured, value: float) -> str:
    return NOTHING.get(found.metric, "") if math.isnan(value) else ""


def operating_point_differences(found: Sequence[AtPoint], *, baseline: str) -> pd.DataFrame:
    """`method` minus the baseline, paired as all differences are; `p_holm` is corrected over all methods, fractions and
    test sets of a measure at a point."""
    rows = []
    for item in found:
        methods = item.found.block.methods
        if item.found.metric not in COMPARED or baseline not in methods:
            continue
        base = methods.index(baseline)
        for index, method in enumerate(methods):
            if index == base:
                continue
            inference = difference(item.found, index, base)
            low, high = inference.difference_interval()
            rows.append(
                {"method": method, "other": baseline, **item.facts, "difference": inference.mean, "low": low,
                 "high": high, "p": inference.p(), "p_holm": inference.tail(), "replicates": inference.replicates,
                 "covers": covers(inference), "reason": _nothing(item.found, inference.mean)}
            )  # fmt: skip
    made = table(rows, PAIRED)
    corrected = made.groupby(["point", "measure"], sort=False)["p_holm"].transform(lambda p: holm(p.to_numpy(float)))
    return made.assign(p_holm=corrected)


def operating_point_shift(found: Sequence[AtPoint], *, in_distribution: str | None) -> pd.DataFrame:
    """The value on a test set less that on the in-distribution one, at the same thresholds of the same models; the
    images are other ones, so case errors add."""
    homes = {_place(item): item.found for item in found if item.found.block.dataset == in_distribution}
    rows = []
    for item in found:
        home, away = homes.get(_place(item)), item.found
        if home is None or away is home or away.metric not in COMPARED:
            continue
        for index, method in enumerate(away.block.methods):
            if method not in home.block.methods:
                continue
            own = home.block.methods.index(method)
            errors = np.concatenate([home.errors[own], away.errors[index]], axis=1)
            change = infer(away.values[index] - home.values[own], errors, min(home.case_df, away.case_df))
            low, high = change.difference_interval()
            rows.append(
                {"method": method, **item.facts, "change": change.mean, "low": low, "high": high, "p": change.p(),
                 "replicates": change.replicates, "covers": covers(change), "reason": _nothing(away, change.mean)}
            )  # fmt: skip
    return table(rows, SHIFTED)


def _place(item: AtPoint) -> tuple[float, str, str]:
    return item.found.block.fraction, item.point, item.found.metric
