"""Budgets, and which cell is furthest behind its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from study.search.allocation import furthest_behind
from study.search.budget import Budget
from study.search.engine import Engine
from study.store.trial_table import TrialTable
from tests.study.search.example_cells import small_plan


def spent(epochs=(), seconds=0.0):
    trials = TrialTable(["cell"], objective="val_auc", direction="maximize")
    for number, count in enumerate(epochs):
        trials.create("cell", {}, {}, origin="sampler", seed=0)
        for epoch in range(1, count + 1):
            trials.epoch("cell", number, epoch, {"val_auc": 0.5, "device_seconds": seconds})
    return trials.cells["cell"]


def test_a_cell_is_open_until_its_trials_are_handed_out():
    budget = Budget(trials=2)
    assert budget.open(spent([3]))
    assert not budget.open(spent([3, 0]))
    assert budget.capped(spent([3, 0])) is None, "those that run go on"


def test_a_cap_on_epochs_says_what_is_spent():
    budget = Budget(trials=10, epochs=5)
    assert budget.open(spent([2, 2]))
    assert budget.capped(spent([2, 3])) == "the cell's 5 epochs are spent"
    assert not budget.open(spent([2, 3]))


def test_a_cap_on_device_seconds_says_what_is_spent():
    budget = Budget(trials=10, seconds=6)
    assert budget.capped(spent([2], seconds=2.0)) is None
    assert budget.capped(spent([3], seconds=2.0)) == "the cell's 6 device-seconds are spent"


def test_the_share_is_the_largest_of_its_parts():
    assert Budget(trials=4, epochs=100).share(spent([10])) == 0.25
    assert Budget(trials=4, epochs=20).share(spent([10])) == 0.5
    assert Budget(trials=4, epochs=20, seconds=10).share(spent([8], seconds=1.0)) == 0.8


def test_the_cell_furthest_behind_its_own_budget_is_next_and_ties_go_by_the_plan():
    budgets = {"a": Budget(trials=10), "b": Budget(trials=4)}
    assert furthest_behind(budgets, {"a": spent(), "b": spent()}) == "a"
    assert furthest_behind(budgets, {"a": spent([1]), "b": spent()}) == "b"
    assert furthest_behind(budgets, {"a": spent([1, 1]), "b": spent([1])}) == "a"
    assert furthest_behind({"b": Budget(trials=1)}, {"b": spent([1])}) is None


@settings(deadline=None, max_examples=40)
@given(slots=st.integers(1, 4), choices=st.lists(st.integers(0, 100), max_size=120), lengths=st.randoms())
def test_stopped_at_any_moment_all_cells_have_spent_nearly_the_same(slots, choices, lengths):
    """Ended trials differ by at most one a slot between cells, however long each trial takes."""
    plan = small_plan(trials=12, methods=("supervised:ft", "simclr:ft", "byol:ft"), sampler="random", scheduler="none")
    engine = Engine(plan, TrialTable([c.key for c in plan.cells], objective="val_auc", direction="maximize"))
    live = []
    for choice in choices:
        while len(live) < slots and (trial := engine.next()) is not None:
            live.append(trial)
        if not live:
            break
        trial = live.pop(choice % len(live))
        for epoch in range(1, lengths.randint(1, 3) + 1):
            engine.report(trial.cell, trial.number, epoch, {"val_auc": 0.5})
        engine.end(trial.cell, trial.number)
        ended = [sum(t.finished for t in trials) for trials in engine.record.cells.values()]
        handed = [len(trials) for trials in engine.record.cells.values()]
        assert max(ended) - min(ended) <= slots
        assert max(handed) - min(handed) <= 1
