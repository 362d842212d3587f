"""Decisions against counts, decision curves against the published formula, influences against what they stand for."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from study.comparison.blocks import Block
from study.comparison.inference import Inference
from study.comparison.operating_points import decisions, recalibration
from study.comparison.operating_points.calibration_measures import OF_SCORES, readings
from study.comparison.operating_points.decision_curves import THRESHOLDS, decision_curves
from study.comparison.operating_points.temperature import log_odds
from study.comparison.share_interval import share_interval
from tests.study.comparison.worlds import World, draw

RNG = np.random.default_rng(2)
POSITIVE = RNG.random(300) < 0.3
SCORES = RNG.beta(2 + 2 * POSITIVE, 4, (4, 300)).round(3)
CALLED = (SCORES >= 0.4).astype(float)


def given(block: Block, **columns: float) -> Block:
    """The block whose models were all given these values."""
    shape = block.scores.shape[:3]
    frozen = {name.replace("__", "."): np.full(shape, value) for name, value in columns.items()}
    return Block(
        fraction=block.fraction, dataset=block.dataset, methods=block.methods, cases=block.cases, scores=block.scores,
        frozen=frozen,
    )  # fmt: skip


def test_shares_are_those_of_the_confusion_matrix() -> None:
    for model, called in enumerate(CALLED):
        tn, fp, fn, tp = confusion_matrix(POSITIVE, called == 1).ravel()
        wanted = {
            decisions.positive_predictive_value: tp / (tp + fp),
            decisions.negative_predictive_value: tn / (tn + fn),
            decisions.called_share: (tp + fp) / len(called),
            decisions.calls_per_find: (tp + fp) / tp,
        }
        for function, value in wanted.items():
            assert function(CALLED, POSITIVE)[0][model] == pytest.approx(value, abs=1e-12)


def test_what_nobody_is_called_for_is_undefined() -> None:
    nothing = np.zeros((1, 300))
    assert math.isnan(decisions.positive_predictive_value(nothing, POSITIVE)[0][0])
    assert math.isnan(decisions.calls_per_find(nothing, POSITIVE)[0][0])
    assert decisions.negative_predictive_value(nothing, POSITIVE)[0][0] == pytest.approx((~POSITIVE).mean())
    assert math.isnan(decisions.negative_predictive_value(1 - nothing, POSITIVE)[0][0])


@pytest.mark.parametrize(
    ("function", "values"),
    [
        *[(function, CALLED) for function in (
            decisions.positive_predictive_value, decisions.negative_predictive_value, decisions.calls_per_find,
        )],
        (lambda called, positive: decisions.net_benefit(called, positive, 0.2), CALLED),
        *[(function, log_odds(SCORES)) for function in (
            recalibration.slope, recalibration.intercept, recalibration.in_the_large,
        )],
        *[(function, SCORES) for function in OF_SCORES.values()],
    ],
)  # fmt: skip
def test_an_influence_is_what_one_more_copy_of_an_image_changes(function, values) -> None:
    """By definition of the empirical influence, up to the next order in 1 / n."""
    value, influence = function(values, POSITIVE)
    assert influence.sum(axis=1) == pytest.approx(0, abs=1e-9)
    for image in range(0, 300, 17):
        again = np.append(np.arange(300), image)
        changed = function(values[:, again], POSITIVE[again])[0] - value
        np.testing.assert_allclose(changed, influence[:, image], rtol=0.08, atol=2e-4 * np.abs(influence).max() + 1e-9)


def test_decision_curves_are_those_of_the_published_formula() -> None:
    """Vickers and Elkin (2006): true positives / n - false positives / n × t / (1 - t).

    The package dcurves 1.1.7, which asks for an older pandas, gives the same numbers to 5e-16.
    """
    block = given(draw(World(replicates=3, positives=40, negatives=120), np.random.default_rng(3)), temperature=1.4)
    found = decision_curves([block])
    (_, raw), (_, cooled) = readings(block)
    size, positive = len(block.cases.positive), block.cases.positive
    for reading, read in (("raw", raw), ("temperature", cooled)):
        for index, method in enumerate(block.methods):
            rows = found[(found["reading"] == reading) & (found["method"] == method)].set_index("threshold")
            for t in THRESHOLDS:
                values = []
                for scores in read.scores[index, :, 0]:
                    true, false = int((positive & (scores >= t)).sum()), int((~positive & (scores >= t)).sum())
                    values.append(true / size - false / size * t / (1 - t))
                assert rows.loc[t, "net_benefit"] == pytest.approx(np.mean(values), abs=1e-9)
                share = positive.mean()
                assert rows.loc[t, "treat_all"] == pytest.approx(share - (1 - share) * t / (1 - t), abs=1e-12)
                assert rows.loc[t, "low"] < rows.loc[t, "net_benefit"] < rows.loc[t, "high"]


def test_a_threshold_below_all_scores_is_a_biopsy_for_everybody() -> None:
    block = given(draw(World(replicates=2, positives=30, negatives=60), np.random.default_rng(5)), temperature=1.0)
    sure = Block(
        fraction=1.0, dataset="sure", methods=block.methods, cases=block.cases, scores=block.scores * 0.3 + 0.65,
        frozen=block.frozen,
    )  # fmt: skip
    rows = decision_curves([sure])
    assert rows["net_benefit"].to_numpy() == pytest.approx(rows["treat_all"].to_numpy(), abs=1e-12)


def test_with_one_replicate_the_interval_of_a_share_is_wilsons() -> None:
    """Independent cases, one model, many degrees of freedom: nothing but the binomial error is left."""
    for hits in (0, 55, 59, 60):
        share = hits / 60
        found = Inference(
            mean=share, replicates=1, replicate_part=0.0, case_part=share * (1 - share) / 60, case_df=1e15
        )
        wilson = binomtest(hits, 60).proportion_ci(0.95, method="wilson")
        assert share_interval(found, 60) == pytest.approx((wilson.low, wilson.high), abs=1e-7)


def test_at_a_prevalence_values_are_those_of_bayes_rule() -> None:
    """Predictive values by Bayes' rule, net benefit from sensitivity and specificity, influences by the chain rule."""
    share, weight = 0.02, 0.1 / 0.9
    for model, called in enumerate(CALLED):
        sensitivity, alarm = called[POSITIVE].mean(), called[~POSITIVE].mean()
        hits, alarms = share * sensitivity, (1 - share) * alarm
        wanted = {
            decisions.positive_predictive_value: hits / (hits + alarms),
            decisions.negative_predictive_value: (1 - share) * (1 - alarm) / (1 - hits - alarms),
            decisions.called_share: hits + alarms,
            decisions.calls_per_find: (hits + alarms) / hits,
            partial(decisions.net_benefit, threshold=0.1): hits - weight * alarms,
        }
        for function, value in wanted.items():
            found, influence = function(CALLED, POSITIVE, prevalence=share)
            assert found[model] == pytest.approx(value, abs=1e-12)
            for side in (POSITIVE, ~POSITIVE):  # the sizes of the classes are given
                assert influence[model, side].sum() == pytest.approx(0, abs=1e-12)
        of_ppv = decisions.positive_predictive_value(CALLED, POSITIVE, prevalence=share)[1][model]
        by_sensitivity = share * alarms / (hits + alarms) ** 2
        expected = by_sensitivity * (called[POSITIVE] - sensitivity) / POSITIVE.sum()
        np.testing.assert_allclose(of_ppv[POSITIVE], expected, atol=1e-12)


def test_the_own_prevalence_is_what_is_given_without_one() -> None:
    for function in (decisions.positive_predictive_value, decisions.calls_per_find):
        own = function(CALLED, POSITIVE, prevalence=float(POSITIVE.mean()))[0]
        np.testing.assert_allclose(own, function(CALLED, POSITIVE)[0], rtol=1e-12)
