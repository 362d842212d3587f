"""Comparisons of eight classes: against scikit-learn and DeLong, with classes missing, and refused where wrong."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, log_loss, recall_score, roc_auc_score

from study.comparison import ComparisonError, compare
from study.comparison.blocks import ClassBlock
from study.comparison.cases import ClassCases
from study.comparison.differences import difference
from study.comparison.estimates import interval
from study.comparison.inference import infer
from study.comparison.metrics import closed_form, pooled
from study.comparison.metrics.measure import Measured
from study.comparison.metrics.measure_classes import main_measure, measure_classes
from study.comparison.per_class import ABSENT
from study.comparison.read_blocks import blocks
from tests.study.comparison.class_worlds import NAMES, ClassWorld, class_table, draw_scores
from tests.study.comparison.test_tables_page import ROWS

WORLD = ClassWorld(images=(60, 30, 25, 20, 15, 12, 10, 10), skill=(1.5, 2.0))
AWAY = ClassWorld(images=(40, 30, 0, 20, 0, 0, 0, 0), skill=(1.5, 2.0))
SCORES = [f"score.{name}" for name in NAMES]


@cache
def tables() -> dict[str, pd.DataFrame]:
    return compare(predictions(), baseline="method 0", in_distribution="home", draws=200)


@cache
def predictions() -> pd.DataFrame:
    home = class_table(WORLD, np.random.default_rng(0), "home")
    return pd.concat([home, class_table(AWAY, np.random.default_rng(1), "away")], ignore_index=True)


def model(dataset: str, method: str = "method 1", split: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rows = predictions().query("dataset == @dataset and method == @method and split == @split")
    return rows["label"].to_numpy(), rows[SCORES].to_numpy()


def mean_over_splits(dataset: str, function) -> float:
    return float(np.mean([function(*model(dataset, split=split)) for split in (1, 2, 3)]))


def estimate(dataset: str, metric: str, table: str = "estimates", **where: str) -> pd.Series:
    rows = tables()[table].query("dataset == @dataset and metric == @metric and method == 'method 1'")
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


REFERENCES = {
    "auroc": lambda label, scores: roc_auc_score(label, scores, multi_class="ovr", average="macro"),
    "balanced_accuracy": lambda label, scores: balanced_accuracy_score(label, scores.argmax(axis=1)),
    "macro_f1": lambda label, scores: f1_score(label, scores.argmax(axis=1), average="macro"),
    "log_loss": log_loss,
    "brier": lambda label, scores: ((scores - np.eye(8)[label]) ** 2).sum(axis=1).mean() / 2,
}


@pytest.mark.parametrize("metric", REFERENCES)
def test_measures_are_those_of_scikit_learn(metric: str) -> None:
    found = estimate("home", metric)
    assert found["estimate"] == pytest.approx(mean_over_splits("home", REFERENCES[metric]), abs=1e-9)
    assert found["low"] < found["estimate"] < found["high"]
    assert found["reason"] == ""


def test_absent_classes_are_left_out_and_named() -> None:
    present = [0, 1, 3]
    found = estimate("away", "balanced_accuracy")
    expected = mean_over_splits(
        "away", lambda label, scores: recall_score(label, scores.argmax(axis=1), labels=present, average="macro")
    )
    assert found["estimate"] == pytest.approx(expected, abs=1e-9)
    assert found["reason"] == "over 3 of 8 classes: no image of BKL, SCC, VASC, AK, DF"
    f1 = mean_over_splits(
        "away", lambda label, scores: f1_score(label, scores.argmax(axis=1), labels=present, average="macro")
    )
    assert estimate("away", "macro_f1")["estimate"] == pytest.approx(f1, abs=1e-9)
    each = mean_over_splits(
        "away", lambda label, scores: np.mean([roc_auc_score(label == one, scores[:, one]) for one in present])
    )
    assert estimate("away", "auroc")["estimate"] == pytest.approx(each, abs=1e-9)


def test_each_class_has_its_auc_and_sensitivity_and_absent_ones_have_none() -> None:
    auc = mean_over_splits("home", lambda label, scores: roc_auc_score(label == 4, scores[:, 4]))
    assert estimate("home", "auroc", "per_class", **{"class": "SCC"})["estimate"] == pytest.approx(auc, abs=1e-9)
    recall = mean_over_splits("home", lambda label, scores: (scores.argmax(axis=1)[label == 4] == 4).mean())
    found = estimate("home", "sensitivity", "per_class", **{"class": "SCC"})
    assert found["estimate"] == pytest.approx(recall, abs=1e-9)
    assert found["images"] == 15
    away = tables()["per_class"].query("dataset == 'away' and `class` == 'SCC'")
    assert away["estimate"].isna().all()
    assert set(away["reason"]) == {ABSENT}


def test_confusion_is_the_mean_matrix_over_the_runs() -> None:
    found = tables()["confusion"].query("dataset == 'home' and method == 'method 1'")
    matrix = found.pivot_table(index="class", columns="predicted", values="share").loc[list(NAMES), list(NAMES)]
    expected = np.mean(
        [confusion_matrix(label, s.argmax(axis=1), normalize="true") for label, s in runs("home")], axis=0
    )
    assert matrix.to_numpy() == pytest.approx(expected, abs=1e-9)
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()
    away = tables()["confusion"].query("dataset == 'away'")
    assert set(away["class"]) == {"NV", "MEL", "BCC"}
    assert set(away["predicted"]) == set(NAMES)


def runs(dataset: str) -> list[tuple[np.ndarray, np.ndarray]]:
    return [model(dataset, split=split) for split in (1, 2, 3)]


def test_a_drop_is_over_the_classes_that_both_test_sets_have() -> None:
    found = tables()["robustness"].query("method == 'method 1'").iloc[0]

    def over_shared(label: np.ndarray, scores: np.ndarray) -> float:
        return float(np.mean([roc_auc_score(label == one, scores[:, one]) for one in (0, 1, 3)]))

    drop = mean_over_splits("home", over_shared) - mean_over_splits("away", over_shared)
    assert found["drop"] == pytest.approx(drop, abs=1e-9)


def test_the_error_of_a_mean_auc_is_delongs_over_all_classes() -> None:
    """The variance of the mean of eight AUCs, from the placements of every image in all of them."""
    world = ClassWorld(images=(40, 20, 20, 20, 15, 15, 10, 10), skill=(1.5,), replicates=1, per_lesion=1.0)
    block = blocks(class_table(world, np.random.default_rng(3)))[0]
    assert isinstance(block, ClassBlock)
    found = main_measure(block)
    label, scores = block.cases.label, block.flat[0]
    parts = []
    for one in range(8):
        positive = label == one
        above, below = closed_form.placements(scores[None, :, one], positive)
        share = np.empty(len(label))
        share[positive] = (above[0] - above.mean()) / np.sqrt(positive.sum() * (positive.sum() - 1))
        share[~positive] = (below[0] - below.mean()) / np.sqrt((~positive).sum() * ((~positive).sum() - 1))
        parts.append(share)
    assert (found.errors[0, 0] ** 2).sum() == pytest.approx((np.mean(parts, axis=0) ** 2).sum(), rel=1e-9)


def test_of_two_classes_the_pooled_measures_are_the_usual_ones() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(50) < 0.4
    score = rng.random((2, 50))
    both = np.stack([1 - score, score], axis=2)
    for found, usual in zip(pooled.brier(both, positive.astype(int)), closed_form.brier(score, positive), strict=True):
        np.testing.assert_allclose(found, usual, atol=1e-12)


def test_an_interval_of_macro_f1_is_that_of_a_bootstrap_over_images() -> None:
    world = ClassWorld(images=(80, 60, 60, 50, 50, 50, 50, 50), skill=(1.5,), replicates=1, per_lesion=1.0)
    block = blocks(class_table(world, np.random.default_rng(5)))[0]
    assert isinstance(block, ClassBlock)
    found = next(item for item in measure_classes(block, 100, 0) if item.metric == "macro_f1")
    label, chosen = block.cases.label, block.flat[0].argmax(axis=1)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(len(label), size=len(label)) for _ in range(400)]
    sd = np.std([f1_score(label[rows], chosen[rows], average="macro") for rows in drawn], ddof=1)
    assert np.sqrt((found.errors**2).sum()) == pytest.approx(sd, rel=0.12)


def test_intervals_hold_and_tests_err_as_rarely_as_they_say() -> None:
    """150 small studies of two methods alike, ten images in the rarest classes: two and a half standard errors about
    95 and 5 %. `docs/statistics.md` has the rates of larger runs."""
    world = ClassWorld(images=(60, 30, 25, 20, 15, 12, 10, 10), replicates=3)
    names = ("auroc", "balanced_accuracy", "log_loss")
    found = {name: [_closed_measure(world, name, study) for study in range(150)] for name in names}
    for name, rows in found.items():
        low, high, mean, p = np.array(rows).T
        covered = float(np.mean((low <= mean.mean()) & (mean.mean() <= high)))
        assert 0.90 <= covered <= 0.995, name
        assert np.mean(p < 0.05) <= 0.10, name


def _closed_measure(world: ClassWorld, name: str, study: int) -> tuple[float, float, float, float]:
    item = next(row for row in closed_measures_of(world, study) if row.metric == name)
    inference = infer(item.values[0], item.errors[0], item.case_df)
    return (*interval(item, inference, item.upper), inference.mean, difference(item, 1, 0).p())


@cache
def _block(world: ClassWorld, study: int) -> ClassBlock:
    scores, label, lesion = draw_scores(world, np.random.default_rng([3, study]))
    cases = ClassCases(label=label, cluster=lesion, images=pd.DataFrame())
    return ClassBlock(
        fraction=1.0, dataset="drawn", methods=world.methods, classes=world.classes, cases=cases,
        scores=scores[:, :, None],
    )  # fmt: skip


@cache
def closed_measures_of(world: ClassWorld, study: int) -> tuple[Measured, ...]:
    return tuple(measure_classes(_block(world, study), 2, 0))


def test_one_class_alone_is_undefined_and_never_zero() -> None:
    alone = class_table(ClassWorld(images=(0, 12, 0, 0, 0, 0, 0, 0)), np.random.default_rng(2), "alone")
    found = compare(alone, baseline="method 0", in_distribution=None, draws=100)
    rows = found["estimates"].set_index("metric")
    for metric in ("auroc", "balanced_accuracy", "macro_f1"):
        assert rows.loc[metric, "estimate"].isna().all()
        assert set(rows.loc[metric, "reason"]) == {"images of one class alone"}
    assert rows.loc["log_loss", "estimate"].notna().all()


def test_two_class_comparisons_have_no_tables_by_class() -> None:
    from tests.study.comparison.test_comparison_golden import make

    assert not {"per_class.csv", "confusion.csv", "class_differences.csv"} & set(make())


def test_a_difference_at_one_class_is_that_of_the_class_against_the_rest() -> None:
    """The same as a two-class comparison of the class's own probability."""
    melanoma = predictions().assign(score=predictions()["score.MEL"], label=predictions()["label"] == 1)
    two = compare(
        melanoma.drop(columns=SCORES).astype({"label": int}), baseline="method 0", in_distribution="home", draws=100
    )
    wanted = two["differences"].query("metric == 'auroc' and dataset == 'home'").iloc[0]
    found = tables()["class_differences"].query("metric == 'auroc' and dataset == 'home' and `class` == 'MEL'").iloc[0]
    for column in ("difference", "low", "high", "p"):
        assert found[column] == pytest.approx(wanted[column], rel=1e-9)
    family = tables()["class_differences"].query("metric == 'auroc'")
    assert len(family) == 8 + 3
    assert (family["p_holm"] >= family["p"] - 1e-12).all()


@pytest.mark.parametrize("name", ["per_class", "confusion", "class_differences"])
def test_columns_are_documented(name: str) -> None:
    assert ROWS[name] == set(tables()[name].columns)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.assign(score=0.5), r"one column `score` for two classes, or `score.<class>`"),
        (lambda t: t.drop(columns=SCORES[2:]), r"got \['score.NV', 'score.MEL'\]"),
        (lambda t: t.assign(label=8), r"Labels are places .* 0 \(score.NV\) to 7 \(score.DF\), got \[8\]"),
        (
            lambda t: t.assign(**{"score.NV": 0.99}),
            r"sum to 1, but those of 'I\d+' of \w+ sum to",
        ),
        (lambda t: t.assign(**{"score.DF": np.nan}), r"Column 'score.DF' of a prediction table is never null"),
    ],
)
def test_wrong_tables_are_refused(change, text: str) -> None:
    with pytest.raises(ComparisonError, match=text):
        compare(change(predictions()), baseline="method 0", in_distribution=None, draws=100)
