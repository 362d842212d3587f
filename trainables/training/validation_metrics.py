"""Validation metrics. In NumPy: scikit-learn takes a second to import, which the start of every trial would pay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainables.job import TrainingError

Labels = NDArray[np.int64]
Scores = NDArray[np.float64]


def auc(labels: Labels, scores: Scores) -> float:
    """AUC of `scores` [n, classes]: of the last class for two classes, else the mean of one against the rest.

    Every class must be present, which `check_labels` says before training starts.
    """
    classes = scores.shape[1]
    if classes == 2:
        return _binary(labels == 1, scores[:, 1])
    return float(np.mean([_binary(labels == label, scores[:, label]) for label in range(classes)]))


def balanced_accuracy(labels: Labels, scores: Scores) -> float:
    """Mean over the classes of the share of their images that are classified right, from `scores` [n, classes].

    An image is given the class of the highest probability; of two classes the last one from a probability of 1/2 on, as
    in the comparison. Every class must be present (`check_labels`).
    """
    classes = scores.shape[1]
    chosen = (scores[:, 1] >= 0.5).astype(np.int64) if classes == 2 else scores.argmax(axis=1)
    right = np.bincount(labels[chosen == labels], minlength=classes)
    return float(np.mean(right / np.bincount(labels, minlength=classes)))


def cross_entropy(labels: Labels, scores: Scores) -> float:
    """Mean negative log of the true class's probability; `scores` [n, classes] are probabilities."""
    true = scores[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, np.finfo(np.float64).tiny)).mean())


def brier(labels: Labels, scores: Scores) -> float:
    """Half the mean sum over the classes of squared differences of probability and truth, from 0 to 1 (Brier 1950):
    of two classes the mean squared difference of the last one's probability and the label."""
    truth = np.eye(scores.shape[1])[labels]
    return float(((scores - truth) ** 2).sum(axis=1).mean() / 2)


def check_labels(labels: Labels, classes: Sequence[str], part: str) -> None:
    """Raise `TrainingError` unless every image of this part has a label and every class an image.

    With a class missing the AUC is undefined: an error, never 0 or 1/2.
    """
    unlabelled = int(((labels < 0) | (labels >= len(classes))).sum())
    if unlabelled:
        raise TrainingError(
            f"Every {part} image has a label of the task ({len(classes)} classes), but {unlabelled} have none. "
            "Leave them out of the split."
        )
    counts = np.bincount(labels, minlength=len(classes))
    missing = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    if missing:
        raise TrainingError(
            f"The {part} part needs images of every class, because its AUC is undefined otherwise; it has none of "
            f"{', '.join(missing)} among {len(labels)} images. Use a larger {part} part or another split."
        )


def _binary(positive: NDArray[np.bool_], score: Scores) -> float:
    """P(score of a positive > score of a negative), ties counting one half, from mid-ranks."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2
    positives = int(positive.sum())
    rank_sum = float(middle_rank[inverse][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * (len(positive) - positives))
