"""Rules that choose a threshold from scores and labels. A score at or above the threshold counts as positive.

Every rule looks at each threshold that makes a difference: the distinct scores, and one above them all. Where several
are as good, the lowest is taken, which finds the most positives; of those that reach a sensitivity, the highest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets.base.point_names import parsed_point
from study.comparison.cases import Bools, Floats


@dataclass(frozen=True)
class Counts:
    """Positives and negatives at or above each of ascending `thresholds` [k], of `positives` and `negatives` in all."""

    thresholds: Floats
    hits: Floats
    alarms: Floats
    positives: int
    negatives: int


def _sensitivity(counts: Counts, least: float) -> float:
    return float(counts.thresholds[counts.hits >= least * counts.positives - 1e-9].max())


def _specificity(counts: Counts, least: float) -> float:
    kept = counts.negatives - counts.alarms >= least * counts.negatives - 1e-9
    return float(counts.thresholds[kept].min())


def _youden(counts: Counts, _: float) -> float:
    # As whole numbers, so that equals are equal: J × positives × negatives.
    gain = counts.hits * counts.negatives - counts.alarms * counts.positives
    return float(counts.thresholds[gain.argmax()])


def _cost_ratio(counts: Counts, ratio: float) -> float:
    cost = ratio * (counts.positives - counts.hits) + counts.alarms
    return float(counts.thresholds[cost.argmin()])


_RULES: dict[str, Callable[[Counts, float], float]] = {
    "sensitivity": _sensitivity, "specificity": _specificity, "cost_ratio": _cost_ratio, "youden": _youden,
}  # fmt: skip
_LABELS = {
    "sensitivity": "sensitivity {share:g}\u00a0%",
    "specificity": "specificity {share:g}\u00a0%",
    "cost_ratio": "cost of {value:g} false alarms a miss",
    "youden": "largest Youden index",
}


def point_label(name: str) -> str:
    """An operating point as people call it; a name that no rule gives stays as it is."""
    parsed = parsed_point(name)
    if parsed is None:
        return name.replace("_", " ")
    rule, value = parsed
    return _LABELS[rule].format(value=value, share=100 * (value or 0.0))


def choose_threshold(name: str, scores: Floats, positive: Bools) -> float:
    """The threshold that the rule of this operating point chooses on `scores` [n]; NaN for a point without a rule, and
    where a class is absent."""
    parsed = parsed_point(name)
    if parsed is None or positive.all() or not positive.any():
        return math.nan
    rule, value = parsed
    return _RULES[rule](_counts(scores, positive), value or 0.0)


def _counts(scores: Floats, positive: Bools) -> Counts:
    levels = np.unique(scores)
    thresholds = np.append(levels, np.nextafter(levels[-1], math.inf))
    ours, others = np.sort(scores[positive]), np.sort(scores[~positive])
    return Counts(
        thresholds=thresholds,
        hits=(len(ours) - np.searchsorted(ours, thresholds)).astype(float),
        alarms=(len(others) - np.searchsorted(others, thresholds)).astype(float),
        positives=len(ours),
        negatives=len(others),
    )
