"""What every metric of the comparison must pass."""

from __future__ import annotations

import numpy as np

from study.comparison.metrics.metric import METRICS, Draws


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
        values = np.array([metric.resampled(Draws(row, positive, once))[0] for row in scores])
        again = np.array([metric.resampled(Draws(row[order], positive[order], once))[0] for row in scores])
    np.testing.assert_allclose(values, again, atol=1e-6)
    assert ((values >= 0) & (values <= metric.upper)).all()
