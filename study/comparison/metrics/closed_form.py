"""Measures whose case covariance has a closed form: each model's value and every image's share in its error.

Every function takes `scores` [models, n] and `positive` [n] and returns values [models] and influence [models, n].

The operating point of sensitivity, specificity and balanced accuracy is a score of 0.5, the class that the model itself
holds for more probable. It is fixed before any test label is read; a threshold tuned on the test set would flatter.
"""

from __future__ import annotations

import numpy as np

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
    positives above it, ties one half."""
    ours, others = scores[:, positive], scores[:, ~positive]
    above, below = np.empty(ours.shape), np.empty(others.shape)
    for model in range(len(scores)):
        of_ours, of_others = np.argsort(ours[model]), np.argsort(others[model])
        # Each class is looked up in the other in ascending order, which is several times as fast as mid-ranks of both.
        one, other = ours[model][of_ours], others[model][of_others]
        above[model, of_ours] = _below(one, other) / len(other)
        below[model, of_others] = 1 - _below(other, one) / len(one)
    return above, below


def _below(scores: Floats, others: Floats) -> Floats:
    """How many of the ascending `others` lie below each of `scores`, ties one half."""
    return np.asarray((np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")) / 2)


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
