"""Validation metrics against scikit-learn's, for two classes and for eight."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

from trainables.training import validation_metrics
from trainables.training.objectives import OBJECTIVES, validate


def drawn(classes, images=300):
    rng = np.random.default_rng(classes)
    labels = np.concatenate([np.arange(classes), rng.choice(classes, images - classes, p=_shares(classes))])
    logits = rng.normal(size=(images, classes))
    logits[np.arange(images), labels] += 1
    scores = np.exp(logits)
    return labels, scores / scores.sum(axis=1, keepdims=True)


def _shares(classes):
    return np.array([2.0**-k for k in range(classes)]) / sum(2.0**-k for k in range(classes))


@pytest.mark.parametrize("classes", [2, 8])
def test_they_are_those_of_scikit_learn(classes):
    labels, scores = drawn(classes)
    auc = roc_auc_score(labels, scores[:, 1]) if classes == 2 else roc_auc_score(labels, scores, multi_class="ovr")
    assert validation_metrics.auc(labels, scores) == pytest.approx(auc, abs=1e-12)
    assert validation_metrics.cross_entropy(labels, scores) == pytest.approx(log_loss(labels, scores), abs=1e-12)
    expected = balanced_accuracy_score(labels, scores.argmax(axis=1))
    assert validation_metrics.balanced_accuracy(labels, scores) == pytest.approx(expected, abs=1e-12)


def test_balanced_accuracy_weighs_classes_and_not_images():
    labels = np.array([0] * 98 + [1] * 2)
    all_benign = np.column_stack([np.full(100, 0.9), np.full(100, 0.1)])
    assert validation_metrics.balanced_accuracy(labels, all_benign) == 0.5
    even = np.full((3, 2), 0.5)  # a score of 0.5 counts as the positive class, as in the comparison
    assert validation_metrics.balanced_accuracy(np.array([1, 1, 0]), even) == 0.5
    assert (
        validation_metrics.balanced_accuracy(np.array([0, 1, 1]), np.array([[0.6, 0.4], [0.5, 0.5], [0.4, 0.6]])) == 1
    )


def test_a_search_for_it_records_it_beside_the_auc_and_the_loss():
    labels, scores = drawn(8)
    assert OBJECTIVES.get("val_balanced_accuracy").maximize
    assert set(validate("val_balanced_accuracy", labels, scores)) == {"val_auc", "val_loss", "val_balanced_accuracy"}
    assert set(validate("val_auc", labels, scores)) == {"val_auc", "val_loss"}
