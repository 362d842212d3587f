"""Closed forms, as those of `metrics.closed_form`, of decisions: who is called positive, and what becomes of it.

`called` [models, n] is 1 where an image is called positive and 0 where not. A share of called images is a ratio of
sums: influence by the delta method. NaN where a model calls nothing, or everything, that the measure is about.
"""

from __future__ import annotations

import numpy as np

from study.comparison.cases import Bools, Floats
from study.comparison.metrics.closed_form import Shares


def positive_predictive_value(called: Floats, positive: Bools) -> Shares:
    """Share of the called images that are positive."""
    return _ratio(called * positive, called)


def negative_predictive_value(called: Floats, positive: Bools) -> Shares:
    """Share of the images that are not called that are negative."""
    return _ratio((1 - called) * ~positive, 1 - called)


def called_share(called: Floats, positive: Bools) -> Shares:
    """Share of all images that are called positive."""
    return _ratio(called, np.ones_like(called))


def calls_per_find(called: Floats, positive: Bools) -> Shares:
    """Called images for each positive among them: biopsies per melanoma found; 1 is best, without bound above."""
    return _ratio(called, called * positive)


def net_benefit(called: Floats, positive: Bools, threshold: float) -> Shares:
    """Hits less false alarms at the odds of the threshold, a share of all images (Vickers and Elkin, Medical Decision
    Making 2006)."""
    weight = threshold / (1 - threshold)
    return _ratio(called * np.where(positive, 1.0, -weight), np.ones_like(called))


def _ratio(above: Floats, below: Floats) -> Shares:
    """Sum over the images [models, n] of one, by that of the other."""
    size = below.sum(axis=1)
    size = np.where(size > 0, size, np.nan)
    value = above.sum(axis=1) / size
    return value, (above - value[:, None] * below) / size[:, None]
