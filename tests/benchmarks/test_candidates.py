"""That searches outside the engine spend what it spends, and that a transfer begins where the smaller search ended."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces import load
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.curve_simulators import LearningCurve, SyntheticCurves
from study.simulation.simulate import SearchConfig
from tests.benchmarks.outside_searches import outside_searches
from tests.benchmarks.transfer import Transfer

CONFIG = SearchConfig(name="random", sampler="random", shared_design=4, asha={"eta": 3, "grace": 1})


class Noted(SyntheticCurves):
    """Curves that remember who asked."""

    def __init__(self, space, problem):
        super().__init__(space, problem)
        self.asked = []

    def curve(self, params, epochs):
        self.asked.append(dict(params))
        return super().curve(params, epochs)


def problem(index, smaller=None):
    space = load("ft")
    return BenchmarkProblem(space=space, curves=Noted(space, index), grid=[], max_epochs=9, smaller=smaller)


def test_a_transfer_begins_with_the_best_points_of_the_smaller_search():
    small = problem(3)
    large = problem(3, small)
    outcome = Transfer(config=CONFIG, points=3).search(large, epochs=40, seed=5, slots=2)
    alone = CONFIG.search(problem(3), epochs=40, seed=5, slots=2)
    assert abs(outcome.epochs - alone.epochs) <= 9  # it has no more than a search alone
    reached = {tuple(params.items()): curve_best(small, params) for params in small.curves.asked}
    first = [reached[tuple(params.items())] for params in large.curves.asked[:3]]
    assert first == sorted(first, reverse=True)
    assert first[0] > np.median(list(reached.values()))


def curve_best(found, params):
    return SyntheticCurves(found.space, 3).curve(params, 9).reported.max()


def test_without_a_smaller_cell_a_transfer_is_the_search_itself():
    outcome = Transfer(config=CONFIG, points=3).search(problem(1), epochs=30, seed=2, slots=4)
    np.testing.assert_array_equal(outcome.incumbent, CONFIG.search(problem(1), epochs=30, seed=2, slots=4).incumbent)


@pytest.mark.skipif(not outside_searches(), reason="neither syne-tune nor SMAC is installed")
@pytest.mark.parametrize("search", outside_searches(), ids=lambda search: search.label)
def test_an_outside_search_spends_its_budget_and_no_more(search):
    found = problem(2)
    outcome = search.search(found, epochs=40, seed=1, slots=4)
    assert outcome.epochs == 40
    assert outcome.trials >= 4
    assert all(found.space.contains(params) for params in found.curves.asked)
    assert 0.5 < outcome.auc < 0.95


class MostDiverge(SyntheticCurves):
    """The larger a learning rate, the better what it reports; the larger half fails in its second epoch."""

    def curve(self, params, epochs):
        if params["lr"] < 1e-2:
            return super().curve(params, epochs)
        first = np.array([0.9 + params["lr"] / 10])
        return LearningCurve(reported=first, truth=first, diverges=True)


@pytest.mark.skipif(not outside_searches(), reason="neither syne-tune nor SMAC is installed")
@pytest.mark.parametrize(
    "search",
    [search for search in outside_searches() if "PASHA" not in search.label],  # it trains none to a second epoch here
    ids=lambda search: search.label,
)
def test_an_outside_search_pays_for_failed_trainings_and_chooses_none(search):
    space = load("ft")
    found = BenchmarkProblem(space=space, curves=MostDiverge(space, 2), grid=[], max_epochs=9)
    outcome = search.search(found, epochs=40, seed=1, slots=4)
    assert outcome.epochs == 40
    assert outcome.auc < outcome.incumbent.max(), "the best of all has failed"
