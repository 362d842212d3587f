"""Difficulty, paired configurations, budget curves and importance on trials with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from opda.nonparametric import _ld_band_weights

from study.analysis.importance import importance
from study.comparison import optimisation
from study.comparison.budget_curves import _generator


def search(values: dict[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Methods with one trial a value, four of the shared design; every curve rises to its value in four epochs."""
    trials, curves = [], []
    for method, found in values.items():
        for number, value in enumerate(found):
            facts = {"method": method, "fraction": 1.0, "cell": method, "number": number}
            failed, origin = np.isnan(value), "shared" if number < 4 else "sampler"
            state = "FAIL" if failed else "COMPLETE"
            point = {"param.lr": 10.0 ** -(number + 1), "param.batch": 32}
            trials.append({**facts, "state": state, "origin": origin, "value": value, **point})
            curves += [
                {**facts, "epoch": epoch, "metric": "val_auc", "value": value - 0.1 * (4 - epoch)}
                for epoch in range(1, 5)
                if not failed
            ]
    return pd.DataFrame(trials), pd.DataFrame(curves)


def test_difficulty_counts_what_is_near_the_best() -> None:
    found = optimisation(*search({"a": [0.90, 0.895, 0.80, np.nan, 0.903]}), direction="maximize")["difficulty"].iloc[0]
    assert found["trials"] == 4
    assert found["near_best"] == 0.5, "0.90 and 0.895 lie within 0.01 of 0.903; a failed trial does not"
    assert found["spread"] == pytest.approx(np.std([0.90, 0.895, 0.80], ddof=1))
    assert found["reached"] == 0.5
    assert np.isnan(found["epochs_to_95"])
    assert "half of the configurations" in found["reason"]


def test_epochs_to_95_is_a_median_over_configurations() -> None:
    found = optimisation(*search({"a": [0.90, 0.90, 0.90, 0.80]}), direction="maximize")["difficulty"].iloc[0]
    assert found["epochs_to_95"] == 4


def test_configurations_are_paired() -> None:
    tables = optimisation(*search({"a": [0.7, 0.8, 0.75, 0.6], "b": [0.72, 0.81, 0.78, 0.62]}), direction="maximize")
    row = tables["design_differences"].iloc[0]
    assert (row["method"], row["other"], row["configurations"], row["better"]) == ("b", "a", 4, 1.0)
    assert row["difference"] == pytest.approx(0.02)
    assert 0 < row["low"] < 0.02 < row["high"]


def test_other_spaces_are_not_paired() -> None:
    trials, curves = search({"a": [0.7, 0.8, 0.75, 0.6], "b": [0.72, 0.81, 0.78, 0.62]})
    trials.loc[trials["method"] == "b", "param.temperature"] = 0.5
    assert optimisation(trials, curves, direction="maximize")["design_differences"].empty


def test_budget_curves_have_bands_on_independent_points_alone() -> None:
    rng = np.random.default_rng(0)
    trials, curves = search({"a": [*rng.uniform(0.7, 0.9, 4), *rng.uniform(0.8, 0.9, 4)]})
    found = optimisation(trials, curves, direction="maximize")["budget_curves"]
    free, chosen = found[found["iid"]], found[~found["iid"]]
    assert free["trials"].tolist() == [1, 2, 3, 4]
    assert chosen["trials"].tolist() == [4, 5, 6, 7, 8]
    assert chosen["low"].isna().all()
    assert free["value"].is_monotonic_increasing
    assert chosen["value"].iloc[-1] == trials["value"].max()
    known = free.dropna()
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()


def test_several_searches_are_curves_and_winners_of_one_search_each() -> None:
    """Nobody selects the best of two searches' trials: 0.9 of one and 0.7 of the other are 0.8."""
    values = {"a": [0.9, 0.6, 0.8, 0.7, 0.8, 0.6, 0.9, 0.5], "b": [0.75, 0.7, 0.81, 0.82, 0.7, 0.8, 0.7, 0.82]}
    trials, curves = search(values)
    found = optimisation(trials.assign(search=trials["number"] % 2), curves, direction="maximize")
    curve = found["budget_curves"].query("method == 'a'")
    assert curve.query("iid")["trials"].tolist() == [1, 2]
    assert curve.query("not iid")["trials"].tolist() == [2, 3, 4]
    assert curve.query("not iid")["value"].tolist() == pytest.approx([0.8] * 3)
    best = found["selection_stability"].set_index("setting")["best"]
    assert best["50% of the trials"] == "b", "means of the searches' winners: a 0.8, b 0.815"
    pooled = optimisation(trials, curves, direction="maximize")["selection_stability"].set_index("setting")["best"]
    assert pooled["50% of the trials"] == "a"


def test_minimized_curves_fall() -> None:
    trials, curves = search({"a": [0.5, 0.4, 0.6, 0.3, 0.35]})
    found = optimisation(trials, curves, direction="minimize")["budget_curves"]
    assert found.query("iid")["value"].is_monotonic_decreasing
    assert found.query("not iid")["value"].iloc[-1] == 0.3


def test_budget_bands_cover() -> None:
    """Simultaneous 95 % bands hold the true median best value in most of 25 searches."""
    rng, inside = np.random.default_rng(1), []
    for _ in range(25):
        trials, curves = search({"a": [*rng.uniform(0, 1, 4)]})
        found = optimisation(trials, curves, direction="maximize")["budget_curves"]
        true = 0.5 ** (1 / found["trials"])
        inside.append(((found["low"].fillna(0) <= true) & (true <= found["high"])).all())
    assert np.mean(inside) >= 0.9


def test_budget_bands_do_not_depend_on_what_was_simulated_before() -> None:
    """A band at the edge of a value must not come and go between two processes."""
    trials, curves = search({"a": [0.32, 0.7, 0.9, 0.6]})
    others = search({"b": [0.1, 0.2, 0.3]})
    bands = []
    for _ in range(8):
        optimisation(*others, direction="maximize")
        bands.append(optimisation(trials, curves, direction="maximize")["budget_curves"])
        _ld_band_weights.cache_clear()  # as in a new process
        _generator.cache_clear()
    for band in bands[1:]:
        pd.testing.assert_frame_equal(band, bands[0])


def test_the_parameter_that_matters_is_found() -> None:
    rng = np.random.default_rng(2)
    rate, batch = 10 ** rng.uniform(-4, -1, 24), rng.choice([32, 128], 24)
    trials = pd.DataFrame({"method": "a", "fraction": 1.0, "cell": "a", "number": range(24), "state": "COMPLETE",
                           "value": 0.9 - 0.05 * (np.log10(rate) + 2) ** 2, "param.lr": rate,
                           "param.batch": batch, "param.fixed": 1})  # fmt: skip
    found = importance(trials, direction="maximize").set_index("parameter")["importance"]
    assert set(found.index) == {"lr", "batch"}
    assert found["lr"] > 0.8
    assert found.sum() == pytest.approx(1)
    assert importance(trials.head(3), direction="maximize").empty
    assert importance(trials.assign(value=0.9), direction="maximize").empty
