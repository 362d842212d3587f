"""What every metric of the comparison must pass."""

from __future__ import annotations

import numpy as np

from study.comparison.cases import Floats, Ints
from study.comparison.metrics.class_metric import CLASS_METRICS, ClassMetric
from study.comparison.metrics.draws import ClassDraws, ClassModel, Draws, Model
from study.comparison.metrics.metric import METRICS


def check_metric(name: str) -> None:
    """It has one form of inference, its value lies between 0 and its upper bound and does not depend on the images'
    order; a closed form's shares sum to zero over the images."""
    metric = METRICS.get(name)
    assert metric.label
    assert (metric.closed_form is None) != (metric.resampled is None)
    rng = np.random.default_rng(0)
    positive = np.arange(80) < 20
    scores = np.clip(rng.normal(0.4 + 0.2 * positive, 0.2, (2, 80)), 0, 1)
    order = rng.permutation(80)
    if metric.closed_form is not None:
        values, shares = metric.closed_form(scores, positive)
        again, _ = metric.closed_form(scores[:, order], positive[order])
        np.testing.assert_allclose(shares.sum(axis=1), 0, atol=1e-9)
    else:
        assert metric.resampled is not None
        once = np.ones((80, 1), dtype=np.float32)
        values = np.array([metric.resampled(Draws(Model(row, positive), once))[0] for row in scores])
        again = np.array([metric.resampled(Draws(Model(row[order], positive[order]), once))[0] for row in scores])
    np.testing.assert_allclose(values, again, atol=1e-6)
    assert ((values >= 0) & (values <= metric.upper)).all()


def check_class_metric(name: str) -> None:
    """It has one form of inference, its value lies between 0 and its upper bound and does not depend on the images'
    order, also where a class has no image; a closed form's shares sum to zero over the images."""
    metric = CLASS_METRICS.get(name)
    assert metric.label
    forms = (metric.each, metric.each_decided, metric.pooled, metric.resampled)
    assert sum(form is not None for form in forms) == 1
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 3], (50, 20, 10))
    logits = rng.normal(size=(2, 80, 4)) + np.eye(4)[label]
    scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    values, again = (
        _class_values(metric, scores[:, order], label[order]) for order in (range(80), rng.permutation(80))
    )
    np.testing.assert_allclose(values, again, atol=1e-6)
    assert ((values >= 0) & (values <= metric.upper)).all()


def _class_values(metric: ClassMetric, scores: Floats, label: Ints) -> Floats:
    if metric.resampled is not None:
        once = np.ones((len(label), 1), dtype=np.float32)
        return np.array([metric.resampled(ClassDraws(ClassModel(model, label), once))[0] for model in scores])
    if metric.pooled is not None:
        found = [metric.pooled(scores, label)]
    elif metric.each is not None:
        found = [metric.each(scores[..., one], label == one) for one in np.unique(label)]
    else:
        assert metric.each_decided is not None
        chosen = scores.argmax(axis=2)
        found = [metric.each_decided((chosen == one).astype(float), label == one) for one in np.unique(label)]
    for _, shares in found:
        np.testing.assert_allclose(shares.sum(axis=1), 0, atol=1e-9)
    return np.asarray(np.mean([values for values, _ in found], axis=0))
