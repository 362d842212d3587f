"""Calibration slope and intercept against scikit-learn's logistic regression without penalty, and a root."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from study.comparison.operating_points import recalibration
from study.comparison.operating_points.calibration_measures import calibration_measures
from study.comparison.operating_points.temperature import log_odds
from tests.study.comparison.operating_points.test_decisions import given
from tests.study.comparison.worlds import World, draw


@pytest.mark.parametrize("seed", range(6))
def test_slope_and_intercept_are_those_of_a_logistic_regression(seed: int) -> None:
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, rng.uniform(0.3, 3), (2, 250))
    positive = rng.random(250) < expit(0.6 * odds[0] + 0.4)
    for model in range(2):
        fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000).fit(odds[model][:, None], positive)
        assert recalibration.slope(odds, positive)[0][model] == pytest.approx(fit.coef_[0, 0], rel=1e-5, abs=1e-6)
        assert recalibration.intercept(odds, positive)[0][model] == pytest.approx(fit.intercept_[0], rel=1e-5, abs=1e-6)
        large = brentq(lambda a, x=odds[model]: (positive - expit(a + x)).sum(), -30, 30, xtol=1e-13)
        assert recalibration.in_the_large(odds, positive)[0][model] == pytest.approx(large, abs=1e-8)


def test_separated_and_constant_scores_have_no_slope() -> None:
    positive = np.arange(20) >= 10
    for scores in (np.linspace(0.1, 0.9, 20), np.full(20, 0.3)):
        assert np.isnan(recalibration.slope(log_odds(scores[None]), positive)[0][0])
    sure = np.where(positive, 1.0, 0.0)  # the most extreme scores that there are
    assert np.isnan(recalibration.slope(log_odds(sure[None]), positive)[0][0])
    assert recalibration.in_the_large(log_odds(sure[None]), positive)[0][0] == pytest.approx(0, abs=1e-6)


def test_scores_on_any_scale_have_a_slope() -> None:
    """Log-odds that hardly differ, and such as networks give whose last layer has run away."""
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 1, 300)
    positive = rng.random(300) < expit(odds)
    right = recalibration.slope(odds[None], positive)[0][0]
    for scale in (1e-6, 1e-3, 30.0):
        assert recalibration.slope(scale * odds[None] + scale, positive)[0][0] == pytest.approx(right / scale, rel=1e-6)
    assert np.isfinite(recalibration.in_the_large(30 * odds[None] + 300, positive)[0][0])


def test_temperature_and_prior_do_to_slope_and_level_what_they_should() -> None:
    block = given(
        draw(World(replicates=2, positives=50, negatives=150), np.random.default_rng(1)), temperature=2.0,
        prior_shift=-1.5,
    )  # fmt: skip
    rows = calibration_measures([block], draws=100, seed=0)
    value = rows.set_index(["method", "reading", "measure"])["estimate"]["one"]
    assert value["temperature", "slope"] == pytest.approx(2 * value["raw", "slope"], rel=1e-6)
    assert value["prior", "slope"] == pytest.approx(value["raw", "slope"], rel=1e-6)
    assert value["prior", "in_the_large"] == pytest.approx(value["raw", "in_the_large"] + 1.5, rel=1e-6)
    share = block.cases.positive.mean()
    for reading in ("raw", "temperature", "prior"):
        excess = value[reading, "mean_score"] - share
        assert value[reading, "excess"] == pytest.approx(excess, abs=1e-12)
    ends = rows.query("measure == 'log_loss'")
    assert ((ends["low"] < ends["estimate"]) & (ends["estimate"] < ends["high"])).all()


def test_a_prior_that_nobody_needs_is_no_reading() -> None:
    block = given(
        draw(World(replicates=2, positives=30, negatives=90), np.random.default_rng(1)), temperature=2.0,
        prior_shift=0.0,
    )  # fmt: skip
    assert set(calibration_measures([block], draws=100, seed=0)["reading"]) == {"raw", "temperature"}
