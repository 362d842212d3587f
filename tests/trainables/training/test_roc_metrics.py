"""Objectives read off the curves: the values of scikit-learn and of the comparison."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_curve

from study.comparison.metrics.draws import Draws, Model
from study.comparison.metrics.metric import METRICS
from trainables.training.objectives import OBJECTIVES, SHARES


def drawn(seed, digits):
    """Labels [n] and probabilities [n, 2] of a mediocre model; few digits make ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(300) < 0.2).astype(np.int64)
    score = np.round(1 / (1 + np.exp(-rng.normal(1.2 * labels - 1, 1))), digits)
    return labels, np.column_stack([1 - score, score])


@pytest.mark.parametrize("digits", [1, 2, 12])
@pytest.mark.parametrize("seed", range(3))
def test_objectives_have_the_values_that_others_compute(seed, digits):
    labels, scores = drawn(seed, digits)
    value = {name: objective.value(labels, scores) for name, objective in OBJECTIVES.items()}
    assert value["val_average_precision"] == pytest.approx(average_precision_score(labels, scores[:, 1]))
    assert value["val_brier"] == pytest.approx(brier_score_loss(labels, scores[:, 1]))
    assert value["val_loss"] == pytest.approx(log_loss(labels, np.clip(scores, 1e-300, 1)))
    alarm, hit, _ = roc_curve(labels, scores[:, 1], drop_intermediate=False)
    for share in SHARES:
        at = share / 100
        assert value[f"val_sensitivity_at_{share}_specificity"] == pytest.approx(hit[1 - alarm >= at - 1e-9].max())
        assert value[f"val_specificity_at_{share}_sensitivity"] == pytest.approx((1 - alarm)[hit >= at - 1e-9].max())


@pytest.mark.parametrize("name", ["val_partial_auc", "val_average_precision", "val_sensitivity_at_90_specificity"])
def test_the_search_and_the_comparison_measure_the_same(name):
    for seed in range(5):
        labels, scores = drawn(seed, 2)
        metric = METRICS.get(OBJECTIVES.get(name).metric)
        draws = Draws(Model(scores[:, 1], labels == 1), np.ones((len(labels), 1), dtype=np.float32))
        assert OBJECTIVES.get(name).value(labels, scores) == pytest.approx(metric.resampled(draws)[0], abs=1e-6)
