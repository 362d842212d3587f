"""Logistic recalibration: how far log-odds of scores are from those of the labels (Cox 1958; Steyerberg 2019, ch. 15).

Closed forms as those of `metrics.closed_form`, with `log_odds` [models, n] in place of scores. The influence of an
image on a maximum-likelihood estimate is its score vector times the inverse information. NaN for a model whose log-odds
separate the classes, or are all alike: there is no finite estimate.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from study.comparison.cases import Bools, Floats
from study.comparison.metrics.closed_form import Shares

STEPS, CLOSE = 50, 1e-10
STEEPEST = 1e3  # slopes beyond it are those of separated classes


def slope(log_odds: Floats, positive: Bools) -> Shares:
    """Slope of the labels' log-odds over those of the scores: 1 is right, below 1 the scores are too extreme."""
    return _coefficient(log_odds, positive, 1)


def intercept(log_odds: Floats, positive: Bools) -> Shares:
    """Intercept beside that slope."""
    return _coefficient(log_odds, positive, 0)


def in_the_large(log_odds: Floats, positive: Bools) -> Shares:
    """Intercept with the slope held at 1: 0 is right, below 0 the scores are too high on the whole."""
    values, influence = np.empty(len(log_odds)), np.empty_like(log_odds)
    for model, offset in enumerate(log_odds):
        design = np.ones((len(offset), 1))
        found, spread = _fit(design, positive, offset)
        values[model], influence[model] = found[0], spread[:, 0]
    return values, influence


def _coefficient(log_odds: Floats, positive: Bools, place: int) -> Shares:
    values, influence = np.empty(len(log_odds)), np.empty_like(log_odds)
    for model, odds in enumerate(log_odds):
        design = np.column_stack([np.ones_like(odds), odds])
        found, spread = _fit(design, positive, np.zeros_like(odds))
        values[model], influence[model] = found[place], spread[:, place]
    return values, influence


def _fit(design: Floats, positive: Bools, offset: Floats) -> tuple[Floats, Floats]:
    """Maximum-likelihood coefficients [k] of a logistic regression without penalty, and every image's influence [n, k].

    Newton's steps, halved while the likelihood falls.
    """
    nothing = np.full(design.shape[1], np.nan), np.full(design.shape, np.nan)
    found: Floats = np.zeros(design.shape[1])
    step: Floats = np.zeros_like(found)
    last = -np.inf
    for _ in range(STEPS):
        odds = offset + design @ found
        fit = -np.logaddexp(0.0, np.where(positive, -odds, odds)).sum()
        if fit < last - CLOSE * abs(last):
            step /= 2
            found -= step
            continue
        last = fit
        chance = expit(odds)
        residual = positive - chance
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return nothing
        step = np.asarray(np.linalg.solve(information, design.T @ residual), dtype=np.float64)
        if np.abs(step).max() < CLOSE * (1 + np.abs(found).max()):
            return found, (design * residual[:, None]) @ np.linalg.inv(information)
        found = found + step
        if np.abs(found).max() > STEEPEST:
            return nothing
    return nothing
