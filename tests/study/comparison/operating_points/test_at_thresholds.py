"""What methods do at frozen thresholds: counts, own optima, differences and shifts, out of prediction tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.comparison import ComparisonError, compare
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


def test_methods_without_thresholds_are_left_out(predictions: pd.DataFrame) -> None:
    lacking = predictions.copy()
    lacking.loc[lacking["method"] == "other", [POINT, "threshold.clinic", "temperature"]] = np.nan
    found = compare(lacking, baseline="one", in_distribution="home", draws=100)
    for name in ("calibration_measures", "decision_curves"):
        readings = found[name].groupby("reading")["method"].unique()
        assert (sorted(readings["raw"]), list(readings["temperature"])) == (["one", "other"], ["one"])
    assert set(found["operating_points"]["method"]) == {"one"}
    none = compare(predictions[[c for c in predictions if "." not in c and c != "temperature"]], baseline="one",
                   in_distribution="home", draws=100)  # fmt: skip
    assert not {"operating_points", "calibration_measures", "decision_curves"} & set(none)


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
