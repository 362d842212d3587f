"""A metric of the comparison."""

from __future__ import annotations

import numpy as np

from study.comparison.metrics.draws import Draws
from study.comparison.metrics.metric import Metric
from study.comparison.metrics.resampled import Weights


def accuracy(draws: Draws) -> Weights:
    """The share of images on the right side of 0.5, in every draw."""
    right = (draws.scores > 0.5) == draws.positive
    share: Weights = (right.astype(np.float32) @ draws.weights) / draws.weights.sum(axis=0)
    return share


ACCURACY = Metric(label="accuracy", resampled=accuracy, one_class=True)
