"""Temperatures against a grid, and against scikit-learn's logistic regression of the log-odds alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.linear_model import LogisticRegression

from study.comparison.operating_points.temperature import (
    COOLEST,
    both_classes,
    fit_temperature,
    scaled,
    scaled_classes,
)


def drawn(seed: int, size: int = 400, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose log-odds are `sharpness` times too large."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, 1.2, size)
    return expit(sharpness * odds), (rng.random(size) < expit(odds)).astype(int)


@pytest.mark.parametrize("seed", range(5))
def test_two_classes_are_a_logistic_regression_without_intercept(seed: int) -> None:
    scores, label = drawn(seed)
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=1000)
    slope = model.fit(logit(scores)[:, None], label).coef_[0, 0]
    assert fit_temperature(both_classes(scores), label) == pytest.approx(1 / slope, rel=1e-5)


def test_three_classes_are_the_best_of_a_grid() -> None:
    rng = np.random.default_rng(9)
    logits = rng.normal(0, 1, (300, 3))
    label = np.array([rng.choice(3, p=row) for row in softmax(logits, axis=1)])
    probabilities = softmax(2.5 * logits, axis=1)
    grid = np.exp(np.linspace(math.log(0.5), math.log(8), 4001))
    losses = [-log_softmax(np.log(probabilities) / t, axis=1)[np.arange(300), label].mean() for t in grid]
    assert fit_temperature(probabilities, label) == pytest.approx(grid[np.argmin(losses)], rel=2e-3)
    again = scaled_classes(probabilities[None], np.array([2.5]))[0]
    np.testing.assert_allclose(again, softmax(logits, axis=1), atol=1e-12)


def test_the_temperature_brings_overconfident_scores_back() -> None:
    scores, label = drawn(3, size=20000)
    found = fit_temperature(both_classes(scores), label)
    assert found == pytest.approx(2.0, rel=0.06)
    np.testing.assert_allclose(logit(scaled(scores[None], np.array([2.0]))[0]), logit(scores) / 2, atol=1e-9)


def test_separated_classes_stop_at_the_bound_and_one_class_has_none() -> None:
    label = np.array([0, 0, 1, 1])
    assert fit_temperature(both_classes(np.array([0.1, 0.2, 0.8, 0.9])), label) == pytest.approx(COOLEST, rel=1e-3)
    assert math.isnan(fit_temperature(both_classes(np.array([0.1, 0.2])), np.array([0, 0])))
    certain = fit_temperature(both_classes(np.array([0.0, 1.0, 1.0, 0.3])), label)  # no infinite log-odds
    assert certain >= COOLEST
