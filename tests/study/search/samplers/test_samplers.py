"""Which parameters a trial gets."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import load
from study.search.samplers import optuna_study
from study.search.samplers.designs import CellSampler, design_point, sampler_arguments
from study.search.samplers.grid import grid_point
from study.search.samplers.optuna_study import distributions
from study.search.samplers.random import random_point
from study.simulation.benchmark_problems import published_grid
from study.spec.choices import SAMPLERS
from study.spec.search_section import Search
from study.store.trial_table import TrialTable

SPACE = load("ft")


def suggest(name, space, trials, *, seed, direction):
    arguments = SAMPLERS.get(name).arguments
    return optuna_study.suggest(name, space, trials, random_state=seed, direction=direction, arguments=arguments)


def sampler(name="tpe", shared_design=4, study_seed=0):
    return CellSampler(name=name, shared_design=shared_design, study_seed=study_seed, direction="maximize")


def told(points, score, state="COMPLETE"):
    trials = TrialTable(["cell"], objective="val_auc", direction="maximize")
    for number, params in enumerate(points):
        trials.create("cell", params, distributions(SPACE), origin="sampler", seed=0)
        trials.epoch("cell", number, 1, {"val_auc": score(params)})
        trials.finish("cell", number, state)
    return trials.cells["cell"]


@given(st.integers(0, 200), st.integers(0, 5))
def test_every_point_lies_in_the_space(number, seed):
    for point in (design_point(SPACE, number, seed), random_point(SPACE, number, seed)):
        assert SPACE.contains(point)
        assert {name: point[name] for name in SPACE.fixed} == dict(SPACE.fixed)


def test_the_design_does_not_depend_on_the_cell_but_on_the_seed_and_the_space():
    one, other = (sampler().next(cell, SPACE, [])[0] for cell in ("supervised-ft-1", "byol-ft-0.01"))
    assert one == other
    assert sampler(study_seed=1).next("supervised-ft-1", SPACE, [])[0] != one
    assert design_point(load("ft", overrides={"lr": {"low": 1e-3, "high": 0.1, "log": True}}), 0, 0) != one


def test_the_design_covers_the_space_more_evenly_than_chance():
    def largest_gap(points):
        units = np.sort([np.log(point["lr"] / 1e-4) / np.log(3e-1 / 1e-4) for point in points])
        return np.diff(np.concatenate([[0.0], units, [1.0]])).max()

    assert largest_gap([design_point(SPACE, number, 0) for number in range(16)]) < 2 / 16
    assert largest_gap([random_point(SPACE, number, 0) for number in range(16)]) > 2 / 16


def test_a_larger_design_begins_with_the_smaller_one():
    few = [design_point(SPACE, number, 3) for number in range(8)]
    assert [design_point(SPACE, number, 3) for number in range(64)][:8] == few


def test_the_grid_is_the_whole_grid_in_an_order_that_all_cells_share():
    points = [grid_point(SPACE, number, 0) for number in range(len(SPACE.grid_points()))]
    key = lambda point: sorted((name, str(value)) for name, value in point.items())  # noqa: E731
    assert sorted(map(key, points)) == sorted(map(key, SPACE.grid_points()))
    assert points != SPACE.grid_points()
    assert sampler("grid").next("any", SPACE, [])[0] == points[0]


def test_the_published_grid_has_60_points():
    assert len(published_grid()) == 60
    assert len({tuple(sorted(point.items())) for point in published_grid()}) == 60


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_suggestions_gather_where_the_values_were_good(name):
    """And the seed of a cell's trial decides them."""
    optimum = lambda params: 0.9 - abs(np.log10(params["lr"]) + 2)  # noqa: E731
    trials = told([random_point(SPACE, number, 0) for number in range(30)], optimum)
    found = [suggest(name, SPACE, trials, seed=seed, direction="maximize")["lr"] for seed in range(10)]
    chance = [random_point(SPACE, number, 1)["lr"] for number in range(30)]
    distance = lambda values: np.median(np.abs(np.log10(values) + 2))  # noqa: E731
    assert distance(found) < 0.5 * distance(chance)
    again = [suggest(name, SPACE, trials, seed=seed, direction="maximize")["lr"] for seed in range(2)]
    assert again == found[:2]


@pytest.mark.parametrize("name", ["tpe", "gp"])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_direction_is_the_objectives(name, direction):
    sign = 1 if direction == "maximize" else -1
    trials = told([random_point(SPACE, n, 0) for n in range(30)], lambda params: sign * np.log10(params["lr"]))
    found = [suggest(name, SPACE, trials, seed=seed, direction=direction)["lr"] for seed in range(5)]
    assert min(found) > 0.02


def test_a_process_leaves_where_trials_fail():
    """Only small rates gave a value at all, the better the larger: rates just above all fail, as diverged ones do."""
    points = [random_point(SPACE, number, 0) for number in range(30)]
    ended = told([p for p in points if p["lr"] < 0.01], lambda params: 0.9 + 0.05 * np.log10(params["lr"]))
    failed = told([p for p in points if p["lr"] >= 0.01], lambda _: 0.5, state="FAIL")
    found = [suggest("gp", SPACE, [*ended, *failed], seed=seed, direction="maximize")["lr"] for seed in range(5)]
    alone = [suggest("gp", SPACE, ended, seed=seed, direction="maximize")["lr"] for seed in range(5)]
    assert np.median(found) < 0.02 < np.median(alone)


def test_a_process_learns_from_stopped_trials():
    good = lambda params: 0.9 - abs(np.log10(params["lr"]) + 2)  # noqa: E731
    points = [random_point(SPACE, number, 0) for number in range(24)]
    trials = [*told(points[:2], good), *told(points[2:], good, state="PRUNED")]
    found = [suggest("gp", SPACE, trials, seed=seed, direction="maximize")["lr"] for seed in range(5)]
    assert np.median(np.abs(np.log10(found) + 2)) < 0.3


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_what_is_running_is_avoided(name):
    """Asked again and again without an answer, neither suggests the same point."""
    optimum = lambda params: 0.9 - abs(np.log10(params["lr"]) + 2)  # noqa: E731
    trials = told([random_point(SPACE, number, 0) for number in range(10)], optimum)
    record = TrialTable(["cell"], objective="val_auc", direction="maximize")
    record.cells["cell"] = trials
    for _ in range(4):
        params, origin = sampler(name, shared_design=4).next("cell", SPACE, record.cells["cell"])
        assert origin == "sampler"
        record.create("cell", params, distributions(SPACE), origin=origin, seed=0)
    rates = [round(float(trial.params["lr"]), 9) for trial in record.cells["cell"][10:]]
    assert len(set(rates)) == 4


def test_only_failed_trials_teach_nothing():
    trials = told([random_point(SPACE, number, 0) for number in range(5)], lambda _: 0.5, state="FAIL")
    assert sampler(shared_design=0).next("cell", SPACE, trials)[0] == random_point(SPACE, 5, 0)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 12), st.sampled_from(["tpe", "gp", "random", "grid"]))
def test_the_next_point_is_a_function_of_the_trials(count, name):
    trials = told([design_point(SPACE, number, 0) for number in range(count)], lambda params: float(params["lr"]))
    assert sampler(name).next("cell", SPACE, trials) == sampler(name).next("cell", SPACE, trials)


@pytest.mark.parametrize("name", ["tpe", "gp", "random"])
def test_a_space_without_domains_is_its_fixed_values(name):
    fixed = load("ft", overrides=SPACE.at([0.5] * SPACE.dimensions))
    assert sampler(name, shared_design=1).next("cell", fixed, [])[0] == dict(fixed.fixed)


def test_what_decides_a_sampler_is_put_in_words_for_the_record():
    assert sampler_arguments(Search(sampler="random")) == f"optuna={optuna.__version__}"
    assert "multivariate=True, constant_liar=True" in sampler_arguments(Search(sampler="tpe"))
