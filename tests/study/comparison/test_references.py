"""AUC, its covariances and the resampled measures against scikit-learn, scipy, brute force and published examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    roc_auc_score,
    roc_curve,
)

from study.comparison.blocks import Block
from study.comparison.cases import Cases, clusters
from study.comparison.holm import holm
from study.comparison.inference import infer
from study.comparison.metrics import closed_form
from study.comparison.metrics.bootstrap import bootstrap, weightings
from study.comparison.metrics.metric import METRICS
from study.comparison.metrics.resampled import curve_measures, segments
from tests.study.comparison.van_dyke import PUBLISHED, ratings

BOTH = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=4, max_size=40).filter(
    lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
)


def cases(positive: np.ndarray, cluster: np.ndarray | None = None) -> Cases:
    own = np.arange(len(positive)) if cluster is None else cluster
    return Cases(positive=positive.astype(bool), cluster=own, images=pd.DataFrame({"image_id": own}))


def drawn(seed: int, size: int = 60, models: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.random(size) < 0.4
    label[:2] = (True, False)
    return (label + rng.normal(0, 1, (models, size))).round(1) / 10 + 0.4, label


@settings(deadline=None)
@given(BOTH)
def test_auc_is_that_of_scikit_learn_and_of_mann_whitney(rows: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([r[0] for r in rows]), np.array([[r[1] / 12 for r in rows]])
    value = closed_form.auroc(scores, positive)[0][0]
    assert value == pytest.approx(roc_auc_score(positive, scores[0]), abs=1e-12)
    u = stats.mannwhitneyu(scores[0][positive], scores[0][~positive]).statistic
    assert value == pytest.approx(u / positive.sum() / (~positive).sum(), abs=1e-12)


def test_delong_covariance_is_that_of_brute_force() -> None:
    scores, label = drawn(1)
    errors = cases(label).errors(closed_form.auroc(scores, label)[1])
    kernel = np.array(
        [(s[label][:, None] > s[~label]) + 0.5 * (s[label][:, None] == s[~label]) for s in scores], dtype=float
    )
    over_positives = np.cov(kernel.mean(axis=2)) / label.sum()
    over_negatives = np.cov(kernel.mean(axis=1)) / (~label).sum()
    np.testing.assert_allclose(errors @ errors.T, over_positives + over_negatives, rtol=1e-10)


def test_clustered_covariance_is_that_of_obuchowski_1997() -> None:
    """S10 / m + S01 / n + 2 S11 / (m n) with patients that have images of both classes, one model."""
    scores, label = drawn(2, size=80, models=1)
    patient = np.random.default_rng(3).integers(0, 30, 80)
    errors = cases(label, patient).errors(closed_form.auroc(scores, label)[1])
    above, below = (part[0] for part in closed_form.placements(scores, label))
    value, m, n = above.mean(), label.sum(), (~label).sum()
    per = [((above[patient[label] == p] - value).sum(), (below[patient[~label] == p] - value).sum()) for p in range(30)]
    one, two = np.array(per).T
    ill, well = len(set(patient[label])), len(set(patient[~label]))
    everyone = len(set(patient))
    s10 = ill / ((ill - 1) * m) * (one**2).sum()
    s01 = well / ((well - 1) * n) * (two**2).sum()
    s11 = everyone / (everyone - 1) * (one * two).sum()
    expected = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert (errors @ errors.T)[0, 0] == pytest.approx(expected, rel=0.01)  # small-sample factor of the cross term


def test_hanley_and_mcneil_1982() -> None:
    """109 CT images rated 1 to 5 (Radiology 143:29): AUC 0.893; DeLong's standard error as Stata's manual prints it
    for these data ([R] roctab: 0.8932, 0.0307)."""
    counts = {0: (33, 6, 6, 11, 2), 1: (3, 2, 2, 11, 33)}
    label = np.repeat([0, 1], [58, 51]).astype(bool)
    rating = np.concatenate([np.repeat(np.arange(1.0, 6.0), counts[ill]) for ill in (0, 1)])
    value, influence = closed_form.auroc(rating[None], label)
    errors = cases(label).errors(influence)
    assert round(float(value[0]), 4) == 0.8932
    assert round(float(np.sqrt((errors @ errors.T)[0, 0])), 4) == 0.0307


def test_van_dyke_1993_obuchowski_rockette() -> None:
    """Five readers, two kinds of MRI, 114 patients: estimates, standard errors and variance parts as published."""
    scores, ill = ratings()
    readers = scores.reshape(10, -1)
    values = closed_form.auroc(readers, ill)[0].reshape(2, 5)
    one_out = [closed_form.auroc(np.delete(readers, i, axis=1), np.delete(ill, i))[0] for i in range(114)]
    left_out = np.stack(one_out, axis=-1).reshape(2, 5, 114)
    errors = (left_out - left_out.mean(axis=2, keepdims=True)) * np.sqrt(113 / 114)
    found = infer(values[0] - values[1], errors[0] - errors[1])
    np.testing.assert_allclose(values.mean(axis=1), PUBLISHED["auc"], atol=5e-8)
    assert found.mean == pytest.approx(PUBLISHED["difference"], abs=5e-9)
    assert found.error == pytest.approx(PUBLISHED["error"], abs=5e-9)
    hillis = 4 * (1 + found.case_part / found.replicate_part) ** 2
    assert hillis == pytest.approx(PUBLISHED["df"], abs=5e-6)
    assert 2 * stats.t.sf(abs(found.mean) / found.error, hillis) == pytest.approx(PUBLISHED["p"], abs=5e-9)
    assert found.df < hillis
    assert found.p() == pytest.approx(PUBLISHED["p"], abs=0.012)  # fewer degrees of freedom: a little more cautious
    for kind, name in enumerate(("one", "two")):
        single = infer(values[kind], errors[kind])
        assert single.error == pytest.approx(PUBLISHED[name]["error"], abs=5e-8)


def test_delong_and_jackknife_agree_on_van_dyke() -> None:
    scores, ill = ratings()
    values, influence = closed_form.auroc(scores.reshape(10, -1), ill)
    errors = cases(ill).errors(influence).reshape(2, 5, -1)
    found = infer((values[:5] - values[5:]), errors[0] - errors[1])
    assert found.error == pytest.approx(PUBLISHED["error"], rel=0.01)


@settings(deadline=None, max_examples=30)
@given(BOTH, st.integers(0, 2**16))
def test_resampled_measures_are_those_of_scikit_learn(rows: list[tuple[bool, int]], seed: int) -> None:
    positive, scores = np.array([r[0] for r in rows]), np.array([r[1] / 12 for r in rows])
    weights = np.random.default_rng(seed).integers(0, 3, (len(rows), 4)).astype(np.float32)
    weights[:, 0] = 1
    weights[np.flatnonzero(positive)[0]] += 1
    weights[np.flatnonzero(~positive)[0]] += 1
    found = curve_measures(segments(scores, positive), weights)
    for column, weight in enumerate(weights.T):
        fpr, tpr, _ = roc_curve(positive, scores, sample_weight=weight, drop_intermediate=False)
        assert found["auroc"][column] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weight), abs=1e-5)
        precision = average_precision_score(positive, scores, sample_weight=weight)
        assert found["auprc"][column] == pytest.approx(precision, abs=1e-5)
        assert found["sensitivity_at_90_specificity"][column] == pytest.approx(tpr[fpr <= 0.1 + 1e-6].max(), abs=1e-5)
        assert found["partial_auc"][column] == pytest.approx(isic_2024(positive, scores, weight), abs=1e-5)


def isic_2024(label: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> float:
    """The challenge's partial AUC above 80 % sensitivity: labels and scores turned, scikit-learn's standardized partial
    AUC up to 20 %, scaled back to 0 … 0.2."""
    scaled = roc_auc_score(~label, -scores, max_fpr=0.2, sample_weight=weight)
    least = 0.5 * 0.2**2
    return float(least + (0.2 - least) / 0.5 * (scaled - 0.5))


def test_closed_measures_are_those_of_scikit_learn() -> None:
    scores, label = drawn(4)
    scores = np.clip(scores, 0, 1)
    for function, reference in (
        (closed_form.balanced_accuracy, lambda s: balanced_accuracy_score(label, s >= 0.5)),
        (closed_form.brier, lambda s: brier_score_loss(label, s)),
    ):
        np.testing.assert_allclose(function(scores, label)[0], [reference(s) for s in scores], atol=1e-12)


def test_bootstrap_and_delong_agree_on_clustered_images() -> None:
    rng = np.random.default_rng(5)
    lesion = rng.integers(0, 250, 400)
    label = lesion % 4 == 0
    scores = np.clip(0.4 + 0.1 * label + rng.normal(0, 0.1, 250)[lesion] + rng.normal(0, 0.05, (2, 400)), 0, 1)
    own = cases(label, clusters(pd.Series(lesion), pd.Series(lesion)))
    errors = own.errors(closed_form.auroc(scores, label)[1])
    drawn_ = np.concatenate(
        [
            np.stack([curve_measures(segments(s, label), w)["auroc"] for s in scores])
            for w in weightings(own.cluster, label.astype(int), 4000, rng)
        ],
        axis=1,
    )
    np.testing.assert_allclose(np.cov(drawn_), errors @ errors.T, rtol=0.1)
    apart = cases(label).errors(closed_form.auroc(scores, label)[1])
    assert (errors @ errors.T)[0, 0] > 1.2 * (apart @ apart.T)[0, 0], "clusters must widen the interval"


def test_draws_vary_in_their_share_of_positives_and_never_lack_a_class() -> None:
    """As new patients do: the sd of a binomial share (less what is drawn again), where clusters are single images."""
    positive = np.arange(200) < 40
    (drawn_, *_) = weightings(np.arange(200), positive.astype(int), 250, np.random.default_rng(3))
    assert drawn_[positive].sum(axis=0).std() == pytest.approx(np.sqrt(200 * 0.2 * 0.8), rel=0.12)
    assert (drawn_.sum(axis=0) == 200).all()
    rare = np.arange(30) < 1
    for weights in weightings(np.arange(30), rare.astype(int), 300, np.random.default_rng(4)):
        assert (weights[rare].sum(axis=0) > 0).all()


def test_same_seed_same_draws() -> None:
    scores, label = drawn(6)
    block = Block(fraction=1.0, dataset="d", methods=("a",), cases=cases(label), scores=scores[None, :, None])
    one, two, other = (
        bootstrap(block, {"auprc": METRICS.get("auprc").resampled}, 300, seed)[1]["auprc"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_images_are_joined_through_patients_and_lesions() -> None:
    patients = pd.Series(["p", "p", None, None, "q", None])
    lesions = pd.Series(["a", "b", "b", None, "c", None])
    assert clusters(patients, lesions).tolist() == [0, 0, 0, 1, 2, 3]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_its_steps_reject(p: list[float]) -> None:
    adjusted = holm(np.array(p))
    rejected = set()
    for step, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] * (len(p) - step) > 0.05:
            break
        rejected.add(int(index))
    assert {i for i, value in enumerate(adjusted) if value <= 0.05} == rejected
    assert (adjusted >= np.array(p)).all()


def test_holm_leaves_undefined_values_out() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])
