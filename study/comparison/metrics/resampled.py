"""Measures without a closed form, on many weightings of the images at once.

`weights` [n, draws] count how often each image is in a draw; a column of ones gives the measure itself. What does not
depend on the weights is a matrix of its own, made once a model (`draws`): of the curves, the sums over the images
between the scores of the positives, where alone these measures change; of the calibration error, those over its bins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from study.comparison.cases import Bools, Floats, Ints

Weights = NDArray[np.float32]
SPECIFICITY, SENSITIVITY, BINS = 0.90, 0.80, 10


class Segments(NamedTuple):
    """Sums over images, highest scores first: positives at each of their G distinct scores [G, n]; negatives strictly
    between them and at them, in turn [2 G, n]; all negatives [n]."""

    positives: csr_array
    negatives: csr_array
    negative: Bools


def curve_measures(found: Segments, weights: Weights) -> dict[str, Weights]:
    """AUROC, AUPRC, sensitivity at 90 % specificity and partial AUC [draws] of one model.

    AUPRC is average precision. The sensitivity is the highest of an actual threshold whose specificity is at least
    90 %. The partial AUC is the area above 80 % sensitivity, from 0 to 0.2 (the measure of the ISIC 2024 challenge).
    """
    gained = found.positives @ weights
    hits = np.cumsum(gained, axis=0)
    alarms = np.cumsum(found.negatives @ weights, axis=0)
    before, after = alarms[0::2], alarms[1::2]
    positives, negatives = hits[-1], weights[found.negative].sum(axis=0)
    return {
        "auroc": (gained * (negatives - (before + after) / 2)).sum(axis=0) / (positives * negatives),
        "auprc": (gained * hits / np.maximum(hits + after, 1)).sum(axis=0) / positives,
        "sensitivity_at_90_specificity": _sensitivity(hits, after, negatives) / positives,
        "partial_auc": _partial(gained, hits, before, after, negatives),
    }


def segments(scores: Floats, positive: Bools) -> Segments:
    """The segments of one model's `scores` [n]."""
    levels, level = np.unique(scores[positive], return_inverse=True)
    size, negatives = len(levels), np.flatnonzero(~positive)
    higher = size - np.searchsorted(levels, scores[negatives], side="right")
    tied = levels[np.maximum(size - 1 - higher, 0)] == scores[negatives]
    place = np.where(higher < size, 2 * higher, 2 * size)
    # A negative tied with the level h-th from above has h levels strictly above it: it belongs to that level's row.
    place = np.where(tied & (higher < size), place + 1, place)
    kept = place < 2 * size
    return Segments(
        _sums(size - 1 - level, np.flatnonzero(positive), (size, len(scores))),
        _sums(place[kept], negatives[kept], (2 * size, len(scores))),
        ~positive,
    )


def _sums(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def _sensitivity(hits: Weights, after: Weights, negatives: Weights) -> Weights:
    allowed = after <= (1 - SPECIFICITY) * negatives + 1e-3  # counts: the slack only absorbs rounding
    return np.asarray(np.where(allowed, hits, 0).max(axis=0))


def _partial(gained: Weights, hits: Weights, before: Weights, after: Weights, negatives: Weights) -> Weights:
    positives = hits[-1]
    length = np.clip(hits - np.maximum(hits - gained, SENSITIVITY * positives), 0, None)
    share = length / np.maximum(gained, 1)
    alarm = (after - share / 2 * (after - before)) / negatives
    return np.asarray((length * (1 - alarm)).sum(axis=0) / positives)


def calibration_error(distance: csr_array, weights: Weights) -> Weights:
    """Expected calibration error [draws]: mean distance of score and share of positives over ten bins of as many
    images each (Naeini et al., AAAI 2015). Biased upwards on small sets.

    `distance` [BINS × classes, n]; of many classes it is the mean over those that the test set has of the error of each
    against the rest (class-wise; Kull et al., NeurIPS 2019).
    """
    return np.asarray(np.abs(distance @ weights).sum(axis=0) / weights.sum(axis=0) / (distance.shape[0] // BINS))


def calibration_distance(scores: Floats, positive: Bools) -> csr_array:
    """Label less score of every image, in the row of its bin [BINS, n]."""
    return csr_array(
        ((positive - scores).astype(np.float32), (score_bins(scores), np.arange(len(scores)))),
        shape=(BINS, len(scores)),
    )


def class_calibration_distance(scores: Floats, label: Ints) -> csr_array:
    """The same of `scores` [n, classes], class under class [BINS × present classes, n]; `label` [n]."""
    present = np.unique(label)
    rows = np.concatenate([BINS * k + score_bins(scores[:, one]) for k, one in enumerate(present)])
    values = np.concatenate([(label == one) - scores[:, one] for one in present]).astype(np.float32)
    columns = np.tile(np.arange(len(label)), len(present))
    return csr_array((values, (rows, columns)), shape=(BINS * len(present), len(label)))


def calibration_chance(scores: Floats, positive: Bools) -> float:
    """The calibration error to expect, by chance alone, of scores that are right on average in every bin: the mean
    distance of a share of so many labels from its expectation, normal."""
    place = score_bins(scores)
    images, hits = np.bincount(place, minlength=BINS), np.bincount(place, positive, BINS)
    share = (hits + 0.5) / (images + 1)
    return float(np.sqrt(2 / np.pi * images * share * (1 - share)).sum() / len(scores))


def class_calibration_chance(scores: Floats, label: Ints) -> float:
    """The mean of that over the classes that the test set has; `scores` [n, classes], `label` [n]."""
    return float(np.mean([calibration_chance(scores[:, one], label == one) for one in np.unique(label)]))


def score_bins(scores: Floats) -> NDArray[np.int64]:
    """Bin [n] of each score, from 0: bins of as many images each; equal scores share a bin."""
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, scores, side="left").astype(np.int64)
