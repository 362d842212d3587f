"""The interval of an AUC, also where it is high or positives are few.

The usual interval (the AUC ± t × DeLong's standard error, on the logit scale) covers .88 at AUC .95 with 10 positives
and .84 at .995: the error is estimated from the few images that are misranked, is small by luck together with them, and
is taken at the estimate instead of at the limit. Newcombe (Statistics in Medicine 2006, method 5) solves
|θ − AUC| = z × se(θ) for θ with the error that Hanley and McNeil (Radiology 1982) give an AUC of θ: right where few are
misranked, too narrow where the classes spread unlike and many are. Here se(θ) is that error, times the ratio of
DeLong's variance to it to the power w = k / (k + 1), where k = min(positives, negatives) × (1 − AUC) is about how many
images of the rarer class are misranked: with few of them the model decides, with many the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from scipy.optimize import brentq
from scipy.special import ndtri

from study.comparison.inference import Inference

EDGE = 1e-9


def auc_interval(found: Inference, positives: int, negatives: int, level: float = 0.95) -> tuple[float, float]:
    """The interval for new training runs and new cases; `positives` and `negatives` are clusters of each class.

    NaN where the AUC, or the variance over cases, is unknown.
    """
    auc, rarer = found.mean, min(positives, negatives)
    if math.isnan(auc) or math.isnan(found.error) or rarer < 1:
        return math.nan, math.nan
    misranked = rarer * min(auc, 1 - auc)
    weight = misranked / (misranked + 1)
    inside = EDGE < auc < 1 - EDGE
    model = hanley_mcneil_variance(auc, positives, negatives) if inside else 0.0
    seen = found.single_case_part > 0 and model > 0
    scale = (found.single_case_part / model) ** weight if seen else 1.0
    shared = min(found.case_part / found.single_case_part, 1.0) if found.single_case_part > 0 else 1.0

    def error(value: float) -> float:
        moved = (value * (1 - value) / (auc * (1 - auc))) ** 2 if inside else 1.0  # constant on the logit scale
        cases = hanley_mcneil_variance(value, positives, negatives) * scale * shared
        return math.sqrt(found.replicate_part * moved + cases)

    quantile = _quantile(found, weight, (1 + level) / 2)
    return _limit(lambda value: auc - value - quantile * error(value), 0.0, auc), _limit(
        lambda value: value - auc - quantile * error(value), 1.0, auc
    )


def hanley_mcneil_variance(auc: float, positives: int, negatives: int) -> float:
    """Variance of an AUC, its two class sizes made alike as Newcombe does (their mean less one in both terms)."""
    size = (positives + negatives) / 2 - 1
    return auc * (1 - auc) * (1 + size * (1 - auc) / (2 - auc) + size * auc / (1 + auc)) / (positives * negatives)


def _quantile(found: Inference, weight: float, probability: float) -> float:
    """Student's t; the degrees of freedom of the cases count only as far as their variance was taken from the data."""
    free = replace(found, case_df=found.case_df / weight if weight > EDGE else math.inf)
    return float(ndtri(probability)) if math.isnan(free.df) else free.quantile(probability)


def _limit(gap: Callable[[float], float], end: float, auc: float) -> float:
    """Where `gap`, negative near the AUC, is zero on the way to `end`; the end itself where it stays negative."""
    near = min(max(auc, EDGE), 1 - EDGE)
    if gap(end) <= 0:
        return end
    return near if gap(near) >= 0 else float(brentq(gap, end, near, xtol=1e-7))
