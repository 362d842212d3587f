"""Searches on a bank of curves whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.simulation.bank_benchmark import (
    GRID_AGAIN,
    Bank,
    _seed,
    closer,
    fairness,
    gain,
    interval,
    run_bank,
    success,
)
from study.simulation.benchmark_problems import synthetic_problem
from study.simulation.curve_bank import read_bank
from study.simulation.search_configs import bank_configs
from study.simulation.simulate import SearchConfig, full_grid, simulate, simulate_cells
from study.simulation.surrogates import BankCurves, Surrogate, point, prediction_error
from tests.study.simulation.banks import NOISE, small_bank, true_auc

RANDOM = SearchConfig(name="random", sampler="random", shared_design=4, asha={"eta": 3, "grace": 1})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return small_bank(tmp_path_factory.mktemp("bank") / "bank.parquet", configurations=72)


@pytest.fixture(scope="module")
def cell(path):
    return read_bank(path)[0]


def near_best(cell, **changes):
    params = cell.space.at([0.5] * cell.space.dimensions)
    return {**params, "lr": 0.02, "schedule": "cosine", **changes}


@pytest.mark.parametrize("kind", ["forest", "process", "nearest"])
def test_a_surrogate_knows_the_truth_between_the_recorded_configurations(cell, kind):
    model = Surrogate(cell, kind)
    for lr in (1e-3, 0.02, 0.06):
        params = near_best(cell, lr=lr)
        np.testing.assert_allclose(model.mean(params), true_auc(params), atol=0.03)


def test_a_smooth_truth_is_predicted_best_by_the_smooth_surrogate(cell):
    errors = {kind: prediction_error(cell, kind, folds=3) for kind in ("process", "forest", "nearest")}
    assert NOISE * 0.8 < errors["process"] < errors["forest"] < errors["nearest"] < 0.05


def test_runs_deviate_as_the_recorded_ones_did(cell):
    model = Surrogate(cell, "process")
    params = near_best(cell)
    curves = [BankCurves(model, repetition).curve(params, cell.max_epochs) for repetition in range(400)]
    deviations = np.stack([curve.reported - curve.truth for curve in curves])
    assert deviations.std() == pytest.approx(NOISE, rel=0.35)
    assert abs(deviations.mean()) < NOISE / 3
    again = BankCurves(model, 7).curve(params, cell.max_epochs)
    assert (again.reported == curves[7].reported).all()


def test_what_diverged_when_it_was_recorded_diverges_in_the_simulation(cell):
    model = Surrogate(cell, "forest")
    assert BankCurves(model, 0).curve(near_best(cell, lr=0.29), 9).diverges
    assert len(BankCurves(model, 0).curve(near_best(cell, lr=0.29), 9).reported) == 2
    assert not BankCurves(model, 0).curve(near_best(cell), 9).diverges


def test_a_search_goes_on_after_divergence_and_never_chooses_it(path):
    problem = Bank(path=path, space="ft", kind="forest").problem(0, 0)
    search = simulate(RANDOM, problem, epochs=300, seed=0)
    assert search.trials > 30
    assert 0.75 < search.auc < 0.86
    grid = full_grid(problem.grid, problem.curves, problem.max_epochs)
    diverging = sum(problem.curves.curve(point, 9).diverges for point in problem.grid)
    assert diverging > 0
    model = Surrogate(read_bank(path)[0], "forest")
    params = problem.grid[7]
    expected = model._model.predict(point(model.cell.space, params)[None])[0]
    np.testing.assert_allclose(model.mean(params), expected, atol=1e-6)
    assert grid.epochs == 9 * (len(problem.grid) - diverging) + 2 * diverging


def test_methods_searched_together_get_the_same_budget_each():
    found = simulate_cells(RANDOM, [synthetic_problem(0), synthetic_problem(1)], epochs=60, seed=0, slots=4)
    assert all(60 <= search.epochs < 64 for search in found)
    assert found[0].auc != found[1].auc


def test_every_search_meets_the_same_cells_and_the_grid_again_is_the_ceiling(path):
    bank = Bank(path=path, space="ft", kind="forest")
    configs = [RANDOM, RANDOM, SearchConfig(name="one", sampler="random", trials=1)]
    results = run_bank(configs, bank, repetitions=3, slots=2, processes=1)
    assert [result.reached.shape for result in results] == [(4, 3)] * 4
    assert (results[0].shortfall == results[1].shortfall).all(), "paired: the same seeds, the same outcome"
    assert gain(results[1], results[0]) == closer(results[1], results[0]) == (0.0, (0.0, 0.0))
    assert closer(results[2], results[0])[0] == pytest.approx((results[0].shortfall - results[2].shortfall).mean())
    assert success(results[2])[0] < success(results[3])[0]
    assert results[3].config.name == GRID_AGAIN


def test_the_interval_draws_cells_and_their_repetitions():
    assert interval(lambda found: float(found.mean()), np.full((3, 5), 0.4)) == pytest.approx((0.4, 0.4))
    between = np.repeat([[0.0], [1.0], [0.0], [1.0]], 50, axis=1)
    low, high = interval(lambda found: float(found.mean()), between)
    assert (low, high) == (0.0, 1.0), "cells differ, repetitions do not: few cells leave a wide interval"
    within = np.tile([[0.0, 1.0]], (1, 200))
    low, high = interval(lambda found: float(found.mean()), within)
    assert low == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.01)
    assert high == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.01)


def test_of_two_identical_methods_neither_is_ahead_more_often(path):
    ahead = fairness(RANDOM, Bank(path=path, space="ft", kind="forest"), repetitions=10, slots=4, processes=1)
    share = ((ahead > 0) + 0.5 * (ahead == 0)).mean()
    assert abs(share - 0.5) < 3.3 * 0.5 / np.sqrt(ahead.size)
    assert (ahead != 0).any()


def test_a_space_that_the_bank_lacks_is_refused(path):
    with pytest.raises(StudyError, match="no cell of 'lora'"):
        _ = Bank(path=path, space="lora", kind="forest").cells


def test_a_cell_without_a_whole_training_is_refused_and_its_error_is_unknown(cell):
    failed = tuple(replace(trial, failed="it diverged") for trial in cell.trials[:5])
    lost = replace(cell, trials=failed)
    with pytest.raises(StudyError) as raised:
        Surrogate(lost, "forest")
    assert str(raised.value) == (
        "A cell is simulated from trainings that came to their end, but supervised-ft-1 has none among its 5 recorded "
        "ones. Record more of them: `study curves` with more --configurations."
    )
    assert math.isnan(prediction_error(lost, "nearest"))
    assert math.isnan(prediction_error(replace(cell, trials=cell.trials[:1]), "nearest")), "nothing to fit it to"


def test_every_cell_and_repetition_has_a_seed_of_its_own_that_fits_32_bits():
    seeds = {_seed((cell, repetition)) for cell in range(8) for repetition in range(1200)}
    assert len(seeds) == 8 * 1200
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_graces_fit_the_epochs():
    assert {config.asha["grace"] for config in bank_configs("tpe", 9) if config.asha} == {1, 2, 3}
    assert all(config.asha is None for config in bank_configs("tpe", 1))


def test_the_command_prints_cells_searches_and_the_race(path):
    done = CliRunner().invoke(
        app,
        ["simulate", "--curves", str(path), "--space", "linear", "--sampler", "random", "--repetitions", "2"],
        env={"COLUMNS": "240"},
    )
    assert done.exit_code == 0, done.output
    assert done.output.count("supervised-linear-0.1") == 2
    assert "prediction error" in done.output
    assert "Two identical methods" in done.output
