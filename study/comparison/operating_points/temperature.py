"""Temperature scaling (Guo et al., ICML 2017): one number that makes scores less or more sure and moves no ranking."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from study.comparison.cases import Floats, Ints

COOLEST, HOTTEST = 0.05, 20.0
SMALLEST = float(np.finfo(np.float64).eps)  # a probability of zero is taken for this one, as scikit-learn does


def fit_temperature(probabilities: Floats, label: Ints) -> float:
    """The temperature with the least negative log-likelihood of `label` [n] under `probabilities` [n, classes].

    Between 0.05 and 20: scores that separate the classes would ask for zero. NaN where all labels are one class, which
    says nothing of how sure one may be.
    """
    if len(np.unique(label)) < 2:
        return math.nan
    logs = np.log(np.clip(probabilities, SMALLEST, 1.0))
    rows = np.arange(len(label))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logs / math.exp(log_temperature), axis=1)[rows, label].mean())

    ends = (math.log(COOLEST), math.log(HOTTEST))
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return math.exp(float(found.x))


def both_classes(scores: Floats) -> Floats:
    """Probabilities [n, 2] of scores [n] of the positive class."""
    return np.column_stack([1 - scores, scores])


def scaled(scores: Floats, temperature: Floats) -> Floats:
    """Scores [..., n] of the positive class at temperatures [...]."""
    return np.asarray(expit(log_odds(scores) / temperature[..., None]))


def scaled_classes(scores: Floats, temperature: Floats) -> Floats:
    """Probabilities [..., n, classes] at temperatures [...]."""
    return np.asarray(softmax(np.log(np.clip(scores, SMALLEST, 1.0)) / temperature[..., None, None], axis=-1))


def log_odds(scores: Floats) -> Floats:
    """Logit of scores, those of 0 and 1 taken for the nearest number that has one."""
    return np.asarray(logit(np.clip(scores, SMALLEST, 1 - SMALLEST)))
