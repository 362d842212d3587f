"""The rungs of one cell, in both variants."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.search.schedulers.asha import Asha, AshaArguments
from study.store.trial_table import TrialTable


def asha(**changes):
    values = {"max_epochs": 27, "objective": "val_auc", "direction": "maximize", **changes}
    arguments = {name: values.pop(name) for name in ("eta", "grace", "brackets", "variant") if name in values}
    return Asha(AshaArguments(**arguments), **values)


def cell(*curves, direction="maximize"):
    """Trials that reported these values one after the other: first trial 0 to its end, then trial 1, …"""
    trials = TrialTable(["cell"], objective="val_auc", direction=direction)
    for number, values in enumerate(curves):
        trials.create("cell", {}, {}, origin="sampler", seed=0)
        for epoch, value in enumerate(values, start=1):
            trials.epoch("cell", number, epoch, {"val_auc": value})
    return trials.cells["cell"]


def test_rungs_lie_at_grace_times_powers_of_eta_below_the_full_budget():
    assert asha(grace=2, max_epochs=54).rungs(0) == [2, 6, 18]
    assert asha(eta=2, grace=5, max_epochs=100).rungs(0) == [5, 10, 20, 40, 80]


def test_later_brackets_start_later_and_get_eta_times_fewer_trials():
    rule = asha(brackets=3, max_epochs=100)
    brackets = [rule.bracket(number) for number in range(26)]
    assert [brackets.count(bracket) for bracket in range(3)] == [18, 6, 2]
    assert rule.rungs(brackets.index(2)) == [9, 27, 81]


def test_the_first_eta_minus_one_at_a_rung_pass_and_then_only_the_best_third():
    trials = cell([0.5], [0.4], [0.45], [0.6], [0.55])
    assert [asha().stops(trials, number, 1) for number in range(5)] == [False, False, True, False, True]


@pytest.mark.parametrize(("eta", "go_on"), [(2, [5, 9, 8, 7, 6]), (3, [5, 1, 9, 8]), (4, [5, 1, 3, 9])])
def test_one_in_eta_of_those_here_so_far_goes_on(eta, go_on):
    arriving = [5, 1, 3, 9, 2, 8, 4, 7, 6]
    trials = cell(*[[value / 10] for value in arriving])
    assert [value for place, value in enumerate(arriving) if not asha(eta=eta).stops(trials, place, 1)] == go_on


def test_between_rungs_nobody_is_stopped():
    trials = cell([0.9, 0.9], [0.9, 0.9], [0.9, 0.9], [0.1, 0.1])
    assert asha().stops(trials, 3, 1)
    assert not asha().stops(trials, 3, 2)


def test_the_best_value_so_far_counts_not_the_last():
    early = [0.9, 0.2, 0.2]
    late = [0.1, 0.1, 0.8]
    trials = cell(late, late, early)
    assert not asha(grace=3).stops(trials, 2, 3)


def test_a_loss_is_better_when_lower():
    trials = cell([0.5], [0.4], [0.6], [0.3], direction="minimize")
    rule = asha(objective="val_auc", direction="minimize")
    assert [rule.stops(trials, number, 1) for number in range(4)] == [False, False, True, False]


def test_a_decision_knows_what_had_arrived_and_nothing_later():
    trials = cell([0.5], [0.4], [0.45])
    more = cell([0.5], [0.4], [0.45], [0.9], [0.9], [0.9])
    for number in range(3):
        assert asha().stops(trials, number, 1) == asha().stops(more, number, 1)


def test_other_brackets_are_another_race():
    rule = asha(brackets=2, max_epochs=100)
    late = next(number for number in range(4) if rule.bracket(number) == 1)
    trials = cell(*[[0.9] * 3 if number != late else [0.1] * 3 for number in range(4)])
    assert not rule.stops(trials, late, 3), "the only one of its bracket so far"


def test_promotion_pauses_everyone_at_rungs_and_promotes_the_best_third_from_the_highest_rung():
    rule = asha(variant="promotion")
    trials = cell([0.5], [0.9], [0.4])
    assert [rule.pauses(0, epoch) for epoch in (1, 2, 3)] == [True, False, True]
    assert not rule.stops(trials, 2, 1)
    assert rule.promote(trials) == 1
    trials[1] = replace(trials[1], extra={"promoted": "1"})
    assert rule.promote(trials) is None, "it goes on already"
    assert rule.promote(cell([0.5], [0.9])) is None, "a third of two is nobody"


def test_promotion_prefers_the_higher_rung():
    rule = asha(variant="promotion")
    waiting = [[0.1 * number] * 3 for number in range(1, 4)]
    trials = cell(*waiting, [0.9], *[[0.01]] * 8)
    assert rule.promote(trials) == 2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_of_all_that_reach_a_rung_at_least_a_third_of_those_that_came_before_pass(values):
    trials = cell(*[[value] for value in values])
    stopped = [asha().stops(trials, number, 1) for number in range(len(values))]
    best = max(range(len(values)), key=lambda number: (values[number], -number))
    assert not stopped[best], "the best of all is never stopped"
    assert not any(stopped[:2])


@pytest.mark.parametrize("values", [[0.1, 0.2, 0.3, 0.4, 0.5], [0.5] * 5])
def test_ascending_and_equal_scores_all_pass(values):
    """Known of asynchronous halving, and why the report never claims exact halving."""
    trials = cell(*[[value] for value in values])
    assert not any(asha().stops(trials, number, 1) for number in range(5))
