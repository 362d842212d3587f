"""Closed forms, as those of `metrics.closed_form`, of decisions: who is called positive, and what becomes of it.

`called` [models, n] is 1 where an image is called positive and 0 where not. A share of called images is a ratio of
sums: influence by the delta method. NaN where a model calls nothing, or everything, that the measure is about.

`prevalence` weighs the classes as if that share of the images were positive; the sizes of the classes are given then,
and no error of theirs counts.
"""

from __future__ import annotations

import numpy as np

from study.comparison.cases import Bools, Floats
from study.comparison.metrics.closed_form import Shares


def positive_predictive_value(called: Floats, positive: Bools, prevalence: float | None = None) -> Shares:
    """Share of the called images that are positive."""
    return _ratio(called * positive, called, positive, prevalence)


def negative_predictive_value(called: Floats, positive: Bools, prevalence: float | None = None) -> Shares:
    """Share of the images that are not called that are negative."""
    return _ratio((1 - called) * ~positive, 1 - called, positive, prevalence)


def called_share(called: Floats, positive: Bools, prevalence: float | None = None) -> Shares:
    """Share of all images that are called positive."""
    return _ratio(called, np.ones_like(called), positive, prevalence)


def calls_per_find(called: Floats, positive: Bools, prevalence: float | None = None) -> Shares:
    """Called images for each positive among them: biopsies per melanoma found; 1 is best, without bound above."""
    return _ratio(called, called * positive, positive, prevalence)


def net_benefit(called: Floats, positive: Bools, threshold: float, prevalence: float | None = None) -> Shares:
    """Hits less false alarms at the odds of the threshold, a share of all images (Vickers and Elkin, Medical Decision
    Making 2006)."""
    weight = threshold / (1 - threshold)
    return _ratio(called * np.where(positive, 1.0, -weight), np.ones_like(called), positive, prevalence)


def _ratio(above: Floats, below: Floats, positive: Bools, prevalence: float | None) -> Shares:
    """Sum over the images [models, n] of one, by that of the other."""
    weight = np.ones(len(positive))
    if prevalence is not None:
        own = positive.mean()
        weight = np.where(positive, prevalence / own, (1 - prevalence) / (1 - own))
    size = (below * weight).sum(axis=1)
    size = np.where(size > 0, size, np.nan)
    value = (above * weight).sum(axis=1) / size
    influence = (above - value[:, None] * below) * weight / size[:, None]
    if prevalence is not None:
        for side in (positive, ~positive):
            influence[:, side] -= influence[:, side].mean(axis=1, keepdims=True)
    return value, influence
