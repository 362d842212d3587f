"""What each method does at the thresholds that its models were given before the test set was read.

Intervals and tests cover new patients and new training runs *for these validation images*: models whose thresholds
were chosen on the same images, or on images drawn from one pool, err alike, and no spread over replicates shows what
other validation images would have chosen. Beside each value stands `own`: the same rule applied to the test set's own
labels, what one could have had and not what one would get. It has no interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from datasets.base.point_names import parsed_point
from study.comparison.blocks import Block
from study.comparison.differences import difference
from study.comparison.estimates import bounded, covers, unknown
from study.comparison.holm import holm
from study.comparison.inference import Inference, infer
from study.comparison.metrics.measure import table
from study.comparison.operating_points.at_points import AtPoint
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
FOR_THESE = ", for these validation images"
COMPARED = ("sensitivity", "specificity", "ppv", "npv")


def operating_points(found: Sequence[AtPoint]) -> pd.DataFrame:
    """One row a method, operating point and measure."""
    return table([_row(item, index) for item in found for index in range(len(item.found.values))], COLUMNS)


def _row(item: AtPoint, index: int) -> dict[str, Any]:
    found = item.of(index)
    inference = infer(found.values[index], found.errors[index], found.case_df)
    if math.isinf(found.upper):
        low, high = bounded(inference, found.upper, found.cases)
        low = max(low, 1.0)  # whoever is found was called
    else:
        low, high = share_interval(inference, found.cases)
        if inference.mean in (0, 1):  # Wilson's interval counted cases at the test set's own share of positives
            low, high = (_at_prevalence(item, end) for end in (low, high))
    return {
        "method": found.block.methods[index], **item.facts, "estimate": inference.mean, "sd": inference.sd,
        "low": low, "high": high, "own": float(item.own[index]), "threshold": float(item.threshold[index]),
        "own_threshold": float(item.own_threshold[index]), "prevalence": item.prevalence,
        "replicates": inference.replicates, "covers": _covers(item, inference),
        "reason": item.reason(inference.mean, index) or unknown(inference),
    }  # fmt: skip


def _at_prevalence(item: AtPoint, value: float) -> float:
    """A predictive value at the test set's own share of positives, at the share that is asked for: its odds are a
    likelihood ratio times the odds of a positive (of a negative)."""
    block = item.found.block
    assert isinstance(block, Block)
    own = float(block.cases.positive.mean())
    moved = item.prevalence * (1 - own) / (1 - item.prevalence) / own
    factor = {"ppv": moved, "npv": 1 / moved}.get(item.found.metric, 1.0)
    return value * factor / (1 - value + value * factor)


def _covers(item: AtPoint, inference: Inference) -> str:
    """What the interval is about; a threshold that no rule chose is the same whatever was validated on."""
    return covers(inference) + (FOR_THESE if parsed_point(item.point) else "")


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
            inference = difference(item.of(index, base), index, base)
            low, high = inference.difference_interval()
            rows.append(
                {"method": method, "other": baseline, **item.facts, "difference": inference.mean, "low": low,
                 "high": high, "p": inference.p(), "p_holm": inference.tail(), "replicates": inference.replicates,
                 "covers": _covers(item, inference), "reason": item.reason(inference.mean, index, base)}
            )  # fmt: skip
    made = table(rows, PAIRED)
    corrected = made.groupby(["point", "measure"], sort=False)["p_holm"].transform(lambda p: holm(p.to_numpy(float)))
    return made.assign(p_holm=corrected)


def operating_point_shift(found: Sequence[AtPoint], *, in_distribution: str | None) -> pd.DataFrame:
    """The value on a test set less that on the in-distribution one, at the same thresholds of the same models; the
    images are other ones, so case errors add."""
    homes = {_place(item): item for item in found if item.found.block.dataset == in_distribution}
    rows = []
    for item in found:
        home = homes.get(_place(item))
        if home is None or item is home or item.found.metric not in COMPARED:
            continue
        for index, method in enumerate(item.found.block.methods):
            if method not in home.found.block.methods:
                continue
            own = home.found.block.methods.index(method)
            at_home, away = home.of(own), item.of(index)
            errors = np.concatenate([at_home.errors[own], away.errors[index]], axis=1)
            change = infer(away.values[index] - at_home.values[own], errors, min(at_home.case_df, away.case_df))
            low, high = change.difference_interval()
            rows.append(
                {"method": method, **item.facts, "change": change.mean, "low": low, "high": high, "p": change.p(),
                 "replicates": change.replicates, "covers": _covers(item, change),
                 "reason": item.reason(change.mean, index)}
            )  # fmt: skip
    return table(rows, SHIFTED)


def _place(item: AtPoint) -> tuple[float, str, str]:
    return item.found.block.fraction, item.point, item.found.metric
