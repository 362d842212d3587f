"""What MLflow shows of a prediction table."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from study.tracking.desired.evaluation_values import values


def table(tmp_path, labels):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(len(labels), 8))
    logits[np.arange(len(labels)), labels] += 1
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    path = tmp_path / "table.parquet"
    columns = {f"score.{name}": scores[:, index] for index, name in enumerate("ABCDEFGH")}
    pd.DataFrame({"label": labels, **columns}).to_parquet(path)
    return path, scores


def test_two_classes_as_before(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"label": [0, 0, 1, 1], "score": [0.1, 0.6, 0.4, 0.9]}).to_parquet(path)
    found = values(path)
    assert list(found) == ["images", "positives", "auroc", "average_precision", "brier"]
    assert found["auroc"] == 0.75


def test_eight_classes_are_means_over_the_classes(tmp_path):
    labels = np.random.default_rng(1).integers(8, size=200)
    path, scores = table(tmp_path, labels)
    found = values(path)
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, scores, multi_class="ovr"))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, scores.argmax(axis=1)))
    assert "positives" not in found


def test_classes_that_a_test_set_lacks_do_not_count(tmp_path):
    labels = np.random.default_rng(1).choice([0, 3, 6], size=200)
    path, scores = table(tmp_path, labels)
    found = values(path)
    assert found["classes_present"] == 3
    each = [roc_auc_score(labels == one, scores[:, one]) for one in (0, 3, 6)]
    assert found["auroc"] == pytest.approx(np.mean(each))
    right = [(scores.argmax(axis=1)[labels == one] == one).mean() for one in (0, 3, 6)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(right))


def test_one_class_alone_has_no_auc(tmp_path):
    path, _ = table(tmp_path, np.full(10, 2))
    assert values(path) == {"images": 10.0, "classes_present": 1.0}
