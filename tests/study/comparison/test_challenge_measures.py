"""Our measures against those by which the ISIC challenges were scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score, roc_curve

from study.comparison import compare
from study.comparison.metrics import closed_form
from study.comparison.metrics.resampled import curve_measures, segments
from study.comparison.operating_points import decisions
from tests.study.comparison.class_worlds import NAMES, ClassWorld, class_table


def isic_2024(solution: np.ndarray, submission: np.ndarray, min_tpr: float = 0.80) -> float:
    """The challenge's measure as its organisers published it (Kaggle, "ISIC pAUC-aboveTPR"): labels and scores turned
    round, scikit-learn's standardised partial AUC, and McClish's standardisation undone."""
    labels, scores = np.abs(solution - 1), 1.0 - submission
    max_fpr = abs(1 - min_tpr)
    standardised = roc_auc_score(labels, scores, max_fpr=max_fpr)
    return 0.5 * max_fpr**2 + (max_fpr - 0.5 * max_fpr**2) / (1.0 - 0.5) * (standardised - 0.5)


def isic_2024_by_curve(solution: np.ndarray, submission: np.ndarray, min_tpr: float = 0.80) -> float:
    """The same area by the other form in which they published it."""
    fpr, tpr, _ = roc_curve(np.abs(solution - 1), -1.0 * submission)
    max_fpr = abs(1 - min_tpr)
    stop = np.searchsorted(fpr, max_fpr, "right")
    height = np.interp(max_fpr, [fpr[stop - 1], fpr[stop]], [tpr[stop - 1], tpr[stop]])
    return float(auc(np.append(fpr[:stop], max_fpr), np.append(tpr[:stop], height)))


def test_the_partial_auc_is_that_of_isic_2024_on_a_thousand_tables() -> None:
    """To what sums of single-precision weights allow."""
    rng = np.random.default_rng(2024)
    worst = 0.0
    for _ in range(1000):
        size = int(rng.integers(10, 400))
        positive = rng.random(size) < rng.uniform(0.02, 0.5)
        positive[:2] = True, False
        scores = rng.beta(1 + 2 * positive, 3).round(int(rng.integers(1, 8)))  # many ties, and none
        ours = float(curve_measures(segments(scores, positive), np.ones((size, 1), dtype=np.float32))["partial_auc"][0])
        for published in (isic_2024, isic_2024_by_curve):
            worst = max(worst, abs(ours - published(positive.astype(int), scores)))
    assert worst < 1e-6


@pytest.mark.parametrize("classes", [7, 8], ids=["ISIC 2018", "ISIC 2019"])
def test_measures_of_many_classes_are_those_of_the_challenges_own_scoring(classes: int) -> None:
    """The package with which ISIC scored its challenges, on tables in the form of 2018 and 2019."""
    scoring = pytest.importorskip("isic_challenge_scoring.metrics")
    confusion = pytest.importorskip("isic_challenge_scoring.confusion")
    names = NAMES[:classes]
    world = ClassWorld(images=tuple(range(60, 60 - 5 * classes, -5)), classes=names, replicates=2)
    table = class_table(world, np.random.default_rng(classes))
    found = compare(table, baseline=world.methods[0], in_distribution=None, draws=100)
    estimates = found["estimates"].query("metric == 'balanced_accuracy'").set_index("method")["estimate"]
    per_class = found["per_class"].query("metric == 'auroc'").set_index(["method", "class"])["estimate"]
    for method, rows in table.groupby("method"):
        balanced, areas = [], []
        for _, model in rows.groupby("split"):
            truth = pd.DataFrame(np.eye(classes)[model["label"]], columns=list(names))
            scores = model[[f"score.{name}" for name in names]].set_axis(list(names), axis=1).reset_index(drop=True)
            weights = pd.Series(np.ones(len(model)))
            balanced.append(scoring.balanced_multiclass_accuracy(truth, scores, weights))
            areas.append([scoring.auc(truth[name], scores[name], weights) for name in names])
            for name in names:
                _same_decisions(scoring, confusion, truth[name], scores[name], weights)
        assert estimates[method] == pytest.approx(np.mean(balanced), abs=1e-9)
        assert per_class[method].loc[list(names)].tolist() == pytest.approx(np.mean(areas, axis=0), abs=1e-9)


def _same_decisions(scoring, confusion, truth: pd.Series, scores: pd.Series, weights: pd.Series) -> None:
    """One class against the rest at a score of 0.5. Average precision has single-precision weights."""
    called, positive = scores.to_numpy() >= 0.5, truth.to_numpy() == 1
    matrix = confusion.create_binary_confusion_matrix(positive, called, weights.to_numpy(), "class")
    one, decided = scores.to_numpy()[None], called[None].astype(float)
    for theirs, ours in (
        (scoring.binary_sensitivity, closed_form.sensitivity(one, positive)),
        (scoring.binary_specificity, closed_form.specificity(one, positive)),
        (scoring.binary_ppv, decisions.positive_predictive_value(decided, positive)),
        (scoring.binary_npv, decisions.negative_predictive_value(decided, positive)),
    ):
        if not np.isnan(ours[0][0]):  # they count what is undefined as 1
            assert ours[0][0] == pytest.approx(theirs(matrix), abs=1e-9)
    curve = curve_measures(segments(scores.to_numpy(), positive), np.ones((len(scores), 1), dtype=np.float32))
    assert curve["auprc"][0] == pytest.approx(scoring.average_precision(truth, scores, weights), abs=1e-6)
