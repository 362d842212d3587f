"""What methods do at frozen thresholds: counts, own optima, differences and shifts, out of prediction tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.comparison import ComparisonError, compare
from study.comparison.blocks import Block
from study.comparison.cases import Cases
from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import operating_points
from study.comparison.operating_points.rules import choose_threshold
from tests.study.comparison.worlds import World, draw, table

WORLD = World(replicates=3, positives=60, negatives=180)
POINT = "threshold.sensitivity_90"


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Two test sets; thresholds differ between models, and those of `clinic` come from no rule."""
    rng = np.random.default_rng(0)
    found = [table(draw(WORLD, rng)).assign(dataset=name) for name in ("home", "away")]
    rows = pd.concat(found, ignore_index=True)
    given = rows["method"].map({"one": 0.35, "other": 0.4}) + 0.02 * rows["split"]
    return rows.assign(**{POINT: given, "threshold.clinic": 0.5, "temperature": 1.2})


@pytest.fixture(scope="module")
def tables(predictions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return compare(predictions, baseline="one", in_distribution="home", draws=100)


def by_hand(rows: pd.DataFrame, column: str) -> dict[str, float]:
    """Means over the models of what is counted."""
    found = []
    for _, model in rows.groupby("split"):
        called, positive = model["score"] >= model[column], model["label"] == 1
        found.append(
            {"sensitivity": called[positive].mean(), "specificity": (~called)[~positive].mean(),
             "ppv": positive[called].mean(), "npv": (~positive)[~called].mean(), "called": called.mean(),
             "biopsies_per_find": called.sum() / (called & positive).sum()}
        )  # fmt: skip
    return dict(pd.DataFrame(found).mean())


def test_values_are_counts(predictions: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> None:
    found = tables["operating_points"].set_index(["method", "dataset", "point", "measure"])
    for (method, dataset), rows in predictions.groupby(["method", "dataset"]):
        for measure, value in by_hand(rows, POINT).items():
            row = found.loc[method, dataset, "sensitivity_90", measure]
            assert row["estimate"] == pytest.approx(value, abs=1e-12)
            assert row["low"] < row["estimate"] < row["high"]
            assert row["threshold"] == pytest.approx(rows[POINT].mean())


def test_the_own_optimum_is_the_rule_on_the_test_labels(
    predictions: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> None:
    found = tables["operating_points"].set_index(["method", "dataset", "point", "measure"]).sort_index()
    rows = predictions.query("method == 'one' and dataset == 'away'").copy()
    for _, model in rows.groupby("split"):
        scores, positive = model["score"].to_numpy(), model["label"].to_numpy() == 1
        rows.loc[model.index, "own"] = choose_threshold("sensitivity_90", scores, positive)
    own = found.loc["one", "away", "sensitivity_90"]
    assert own["own"].to_dict() == pytest.approx(by_hand(rows, "own"), abs=1e-12)
    assert own.loc["sensitivity", "own"] >= 0.9
    assert found.loc[("one", "away", "clinic"), "own"].isna().all()  # no rule chose that one


def test_differences_and_shifts_are_those_of_the_values(tables: dict[str, pd.DataFrame]) -> None:
    value = tables["operating_points"].set_index(["method", "dataset", "point", "measure"])["estimate"]
    for row in tables["operating_point_differences"].itertuples():
        ours, base = (value[name, row.dataset, row.point, row.measure] for name in (row.method, row.other))
        assert row.difference == pytest.approx(ours - base, abs=1e-12)
    for row in tables["operating_point_shift"].itertuples():
        change = value[row.method, "away", row.point, row.measure] - value[row.method, "home", row.point, row.measure]
        assert (row.dataset, row.change) == ("away", pytest.approx(change, abs=1e-12))


def test_methods_without_thresholds_are_undefined(predictions: pd.DataFrame) -> None:
    lacking = predictions.copy()
    lacking.loc[lacking["method"] == "other", [POINT, "threshold.clinic", "temperature"]] = np.nan
    found = compare(lacking, baseline="one", in_distribution="home", draws=100)
    for name in ("calibration_measures", "decision_curves"):
        readings = found[name].groupby("reading")["method"].unique()
        assert (sorted(readings["raw"]), list(readings["temperature"])) == (["one", "other"], ["one"])
    unknown = found["operating_points"].query("method == 'other'")
    assert set(unknown["reason"]) == {"3 of 3 models have no threshold"}
    lacking[[POINT, "threshold.clinic"]] = np.nan
    assert compare(lacking, baseline="one", in_distribution="home", draws=100)["operating_points"].empty
    none = compare(predictions[[c for c in predictions if "." not in c and c != "temperature"]], baseline="one",
                   in_distribution="home", draws=100)  # fmt: skip
    assert not {"operating_points", "calibration_measures", "decision_curves"} & set(none)


def test_a_temperature_that_some_models_lack_leaves_their_method_out_and_says_so(predictions: pd.DataFrame) -> None:
    first = (predictions["method"] == "other") & (predictions["split"] == predictions["split"].min())
    found = compare(
        predictions.assign(temperature=predictions["temperature"].mask(first)), baseline="one",
        in_distribution="home", draws=100,
    )  # fmt: skip
    for name, value in (("calibration_measures", "estimate"), ("decision_curves", "net_benefit")):
        rows = found[name].query("method == 'other' and reading == 'temperature'")
        assert set(rows["reason"]) == {"1 of 3 models have no temperature"}
        assert rows[value].isna().all()
        alike = found[name].query("method == 'one' and reading == 'temperature'")
        assert len(rows) == len(alike)


@pytest.mark.parametrize(("column", "value"), [("temperature", 0.0), (POINT, np.inf)])
def test_odd_values_are_refused(predictions: pd.DataFrame, column: str, value: float) -> None:
    with pytest.raises(ComparisonError, match=f"Column '{column}'"):
        compare(predictions.assign(**{column: value}), baseline="one", in_distribution=None, draws=100)


@pytest.mark.parametrize(
    ("rows", "value"), [("index == 0", 0.9), ("dataset == 'away'", 0.9), ("dataset == 'away'", None)]
)
def test_a_model_has_one_threshold(predictions: pd.DataFrame, rows: str, value: float | None) -> None:
    two = predictions.copy()
    two.loc[two.query(f"{rows} and method == 'one' and split == 0").index, POINT] = value
    with pytest.raises(ComparisonError, match="on all test sets, null in all or in none, got 2 values"):
        compare(two, baseline="one", in_distribution=None, draws=100)


def test_a_prevalence_moves_predictive_values_and_net_benefit_alone(predictions: pd.DataFrame) -> None:
    places = ["method", "dataset", "point", "measure"]
    own, rare = (
        compare(predictions, baseline="one", in_distribution="home", draws=100, prevalence=share)
        for share in (None, 0.02)
    )
    before, after = (found["operating_points"].set_index(places).sort_index() for found in (own, rare))
    for measure in ("sensitivity", "specificity"):
        kept = [found.xs(measure, level="measure")["estimate"] for found in (before, after)]
        pd.testing.assert_series_equal(*kept)
    ppv = after.xs("ppv", level="measure")
    assert (ppv["estimate"] < before.xs("ppv", level="measure")["estimate"] / 2).all()
    assert (ppv["prevalence"] == 0.02).all()
    curves = rare["decision_curves"]
    assert (curves["treat_all"] <= 0.02).all()
    with pytest.raises(ComparisonError, match="between 0 and 1, got 2"):
        compare(predictions, baseline="one", in_distribution=None, draws=100, prevalence=2.0)


def test_a_method_of_which_one_model_has_no_threshold_says_so(predictions: pd.DataFrame) -> None:
    lacking = predictions.copy()
    lacking.loc[(lacking["method"] == "other") & (lacking["split"] == 1), [POINT, "temperature"]] = np.nan
    found = compare(lacking, baseline="one", in_distribution="home", draws=100)
    rows = found["operating_points"].query("point == 'sensitivity_90' and method == 'other'")
    assert rows[["estimate", "low", "high"]].isna().all(axis=None)
    assert (len(rows), set(rows["reason"])) == (12, {"1 of 3 models have no threshold"})
    pairs = found["operating_point_differences"].query("point == 'sensitivity_90'")
    assert set(pairs["reason"]) == {"1 of 3 models of other have no threshold"}
    cooled = found["calibration_measures"].query("reading == 'temperature' and method == 'other'")
    assert cooled["estimate"].isna().all()
    assert set(cooled["reason"]) == {"1 of 3 models have no temperature"}
    known = found["operating_point_shift"].query("point == 'sensitivity_90'").set_index("method")["change"].notna()
    assert known.groupby("method").all().to_dict() == {"one": True, "other": False}


def test_predictive_values_rest_on_the_images_that_are_called() -> None:
    """Three models call the same two images of 600, both positive: two cases, not one hundred."""
    positive = np.arange(600) < 100
    scores = np.tile(np.where(np.arange(600) < 2, 0.9, 0.1), (2, 3, 1, 1))
    cases = Cases(positive=positive, cluster=np.arange(600), images=pd.DataFrame({"image_id": np.arange(600)}))
    block = Block(fraction=1.0, dataset="drawn", methods=("one", "other"), cases=cases, scores=scores,
                  frozen={POINT: np.full((2, 3, 1), 0.5)})  # fmt: skip
    found = at_points([block])
    rows = operating_points(found).query("method == 'one'").set_index("measure")
    assert rows.loc["ppv", ["estimate", "low", "high"]].tolist() == pytest.approx([1, 0.342, 1], abs=1e-3)
    rare = operating_points(at_points([block], 0.02)).query("method == 'one'").set_index("measure")
    odds = 0.342 / 0.658 * (0.02 / 0.98) / (100 / 500)
    assert rare.loc["ppv", ["estimate", "low", "high"]].tolist() == pytest.approx([1, odds / (1 + odds), 1], abs=1e-3)
    degrees = {item.found.metric: item.of(0, 1).case_df for item in found}
    assert degrees == {"sensitivity": 99, "specificity": 499, "ppv": 1, "npv": 597, "called": 599,
                       "biopsies_per_find": 1}  # fmt: skip


def test_a_rule_is_for_the_validation_images_that_it_saw(tables: dict[str, pd.DataFrame]) -> None:
    for name in ("operating_points", "operating_point_differences", "operating_point_shift"):
        said = tables[name].groupby("point")["covers"].unique()
        assert list(said["sensitivity_90"]) == ["replicates and cases, for these validation images"]
        assert list(said["clinic"]) == ["replicates and cases"]


def test_test_sets_are_scored_by_the_same_models(predictions: pd.DataFrame) -> None:
    other = predictions.query("not (dataset == 'away' and split == 2)")
    with pytest.raises(ComparisonError, match=r"3: \(0, 0, 0\), .* on home and 2: .* on away .* compare these"):
        compare(other, baseline="one", in_distribution="home", draws=100)
    moved = predictions.assign(split=predictions["split"] + 3 * (predictions["dataset"] == "away"))
    with pytest.raises(ComparisonError, match=r"3: \(0, 0, 0\), .* on home and 3: \(0, 3, 0\), .* on away"):
        compare(moved, baseline="one", in_distribution="home", draws=100)
