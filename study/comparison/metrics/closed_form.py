"""Measures whose case covariance has a closed form: each model's value and every image's share in its error.

Every function takes `scores` [models, n] and `positive` [n] and returns values [models] and influence [models, n].

The operating point of sensitivity, specificity and balanced accuracy is a score of 0.5, the class that the model itself
holds for more probable. It is fixed before any test label is read; a threshold tuned on the test set would flatter.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from study.comparison.cases import Bools, Floats

OPERATING_POINT = 0.5
Shares = tuple[Floats, Floats]


def auroc(scores: Floats, positive: Bools) -> Shares:
    """P(score of a positive > score of a negative), ties one half; placements after DeLong et al. (1988)."""
    above, below = placements(scores, positive)
    value = above.mean(axis=1)
    influence = np.empty_like(scores)
    influence[:, positive] = (above - value[:, None]) / above.shape[1]
    influence[:, ~positive] = (below - value[:, None]) / below.shape[1]
    return value, influence


def placements(scores: Floats, positive: Bools) -> tuple[Floats, Floats]:
    """For each positive [models, m] the share of negatives below it, for each negative [models, n - m] the share of
    positives above it, ties one half; from mid-ranks (Sun and Xu, IEEE Signal Processing Letters 2014)."""
    ranks = rankdata(scores, axis=1)
    of_positives = rankdata(scores[:, positive], axis=1)
    of_negatives = rankdata(scores[:, ~positive], axis=1)
    above = (ranks[:, positive] - of_positives) / of_negatives.shape[1]
    below = 1 - (ranks[:, ~positive] - of_negatives) / of_positives.shape[1]
    return above, below


def sensitivity(scores: Floats, positive: Bools) -> Shares:
    """Share of the positives at or above the operating point."""
    return _mean((scores >= OPERATING_POINT).astype(float), positive)


def specificity(scores: Floats, positive: Bools) -> Shares:
    """Share of the negatives below the operating point."""
    return _mean((scores < OPERATING_POINT).astype(float), ~positive)


def balanced_accuracy(scores: Floats, positive: Bools) -> Shares:
    """Mean of sensitivity and specificity."""
    (hits, of_hits), (rejections, of_rejections) = sensitivity(scores, positive), specificity(scores, positive)
    return (hits + rejections) / 2, (of_hits + of_rejections) / 2


def brier(scores: Floats, positive: Bools) -> Shares:
    """Mean squared difference of score and label (Brier 1950); 0 is best."""
    return _mean((scores - positive) ** 2, np.ones_like(positive))


def _mean(per_image: Floats, chosen: Bools) -> Shares:
    value = per_image[:, chosen].mean(axis=1)
    influence = np.where(chosen, per_image - value[:, None], 0.0) / chosen.sum()
    return value, influence
