"""Logistic recalibration: how far log-odds of scores are from those of the labels (Cox 1958; Steyerberg 2019, ch. 15).

Closed forms as those of `metrics.closed_form`, with `log_odds` [models, n] in place of scores. The influence of an
image on a maximum-likelihood estimate is its score vector times the inverse information. The slope is NaN for a model
whose log-odds separate the classes, or are all alike: there is no finite estimate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from study.comparison.cases import Bools, Floats
from study.comparison.metrics.closed_form import Shares

STEPS, CLOSE = 50, 1e-10
STEEPEST = 100.0  # per standard deviation of the log-odds: beyond it the classes are separated
FARTHER = 40.0  # log-odds beyond which a label is as good as certain


def slope(log_odds: Floats, positive: Bools) -> Shares:
    """Slope of the labels' log-odds over those of the scores: 1 is right, below 1 the scores are too extreme."""
    return _each(log_odds, lambda odds: _slope_and_intercept(odds, positive)[0])


def intercept(log_odds: Floats, positive: Bools) -> Shares:
    """Intercept beside that slope."""
    return _each(log_odds, lambda odds: _slope_and_intercept(odds, positive)[1])


def in_the_large(log_odds: Floats, positive: Bools) -> Shares:
    """Intercept with the slope held at 1: 0 is right, below 0 the scores are too high on the whole."""

    def of_model(odds: Floats) -> tuple[float, Floats]:
        if positive.all() or not positive.any():
            return np.nan, np.full(len(odds), np.nan)
        far = float(np.abs(odds).max()) + FARTHER
        level = float(brentq(lambda a: (positive - expit(a + odds)).sum(), -far, far, xtol=1e-12))
        chance = expit(level + odds)
        return level, (positive - chance) / (chance * (1 - chance)).sum()

    return _each(log_odds, of_model)


def _each(log_odds: Floats, of_model: Callable[[Floats], tuple[float, Floats]]) -> Shares:
    """Value [models] and influence [models, n] from those of one model."""
    found = [of_model(odds) for odds in log_odds]
    return np.array([value for value, _ in found]), np.stack([influence for _, influence in found])


def _slope_and_intercept(odds: Floats, positive: Bools) -> tuple[tuple[float, Floats], tuple[float, Floats]]:
    """Maximum-likelihood estimates and influences, from the log-odds in standard units, which any scale allows."""
    mean, spread = odds.mean(), odds.std()
    if not spread > CLOSE:
        nothing = np.nan, np.full(len(odds), np.nan)
        return nothing, nothing
    (level, rise), influence = _fit(np.column_stack([np.ones_like(odds), (odds - mean) / spread]), positive)
    of_slope = influence[:, 1] / spread
    return (rise / spread, of_slope), (level - rise * mean / spread, influence[:, 0] - of_slope * mean)


def _fit(design: Floats, positive: Bools) -> tuple[Floats, Floats]:
    """Coefficients [k] of a logistic regression without penalty, and every image's influence [n, k].

    Newton's steps, halved while the likelihood falls.
    """
    nothing = np.full(design.shape[1], np.nan), np.full(design.shape, np.nan)
    found: Floats = np.zeros(design.shape[1])
    step: Floats = np.zeros_like(found)
    last = -np.inf
    for _ in range(STEPS):
        odds = design @ found
        fit = -np.logaddexp(0.0, np.where(positive, -odds, odds)).sum()
        if fit < last - CLOSE * abs(last):
            step /= 2
            found -= step
            continue
        last = fit
        chance = expit(odds)
        residual = positive - chance
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        if np.abs(found).max() > STEEPEST or np.linalg.cond(information) > 1e12:
            return nothing
        step = np.asarray(np.linalg.solve(information, design.T @ residual), dtype=np.float64)
        if np.abs(step).max() < CLOSE * (1 + np.abs(found).max()):
            return found, (design * residual[:, None]) @ np.linalg.inv(information)
        found = found + step
    return nothing
