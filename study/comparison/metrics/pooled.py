"""Measures of many classes that are no mean over the classes: each model's value and every image's share in its error.

Every function takes `scores` [models, n, classes] and `label` [n] and gives values [models] and influence [models, n].
"""

from __future__ import annotations

import numpy as np

from study.comparison.cases import Floats, Ints
from study.comparison.metrics.closed_form import Shares

SMALLEST = float(np.finfo(np.float64).eps)  # a probability of zero is taken for this one, as scikit-learn does


def macro_f1(scores: Floats, label: Ints) -> Shares:
    """Mean F1 of the classes that the test set has; an image is given the class of the highest probability.

    F1 = 2 hits / (images given the class + images of it), a ratio of sums: influence by the delta method (Takahashi et
    al., Applied Intelligence 2022). Images given a class that the test set lacks count as missed by their own.
    """
    chosen = scores.argmax(axis=2)
    present = np.unique(label)
    values, influence = np.zeros(len(scores)), np.zeros(chosen.shape)
    for one in present:
        given, true = (chosen == one).astype(float), label == one
        size = given.sum(axis=1) + true.sum()
        value = 2 * given[:, true].sum(axis=1) / size
        values += value
        influence += (2 * given * true - value[:, None] * (given + true)) / size[:, None]
    return values / len(present), influence / len(present)


def log_loss(scores: Floats, label: Ints) -> Shares:
    """Mean negative log of the probability of the true class; 0 is best, without bound above."""
    return _mean(-np.log(np.maximum(_of_true(scores, label), SMALLEST)))


def brier(scores: Floats, label: Ints) -> Shares:
    """Half the mean sum over the classes of squared differences of probability and truth (Brier 1950), from 0 to 1: of
    two classes the usual score."""
    squares = (scores**2).sum(axis=2) - 2 * _of_true(scores, label) + 1
    return _mean(squares / 2)


def _of_true(scores: Floats, label: Ints) -> Floats:
    return np.asarray(np.take_along_axis(scores, label[None, :, None], axis=2)[..., 0])


def _mean(per_image: Floats) -> Shares:
    value = per_image.mean(axis=1)
    return value, (per_image - value[:, None]) / per_image.shape[1]
