"""The engine without Ray: what the record makes it decide."""

from __future__ import annotations

import pytest
from optuna.storages import InMemoryStorage

from study.search.engine import MAX_ERRORS, MAX_LOST, Engine
from study.store.trial_storage import Record
from tests.study.search.example_cells import small_plan
from tests.study.search.toys import curve


def engine_of(plan, storage=None):
    keys = [cell.key for cell in plan.cells]
    record = Record(
        storage or InMemoryStorage(), "toy", keys, objective="val_auc", direction=plan.spec.search.direction
    )
    return Engine(plan, record)


def run(engine, slots=2, steps=None):
    """Drive the engine with the toy's learning curve over a few slots, one epoch of one slot a step."""
    live = []
    steps = steps if steps is not None else 10**6
    for step in range(steps):
        while len(live) < slots and engine.peek() is not None:
            live.append(engine.next())
        if not live:
            return
        trial = live[step % len(live)]
        epoch = len(engine.record.get(trial.cell, trial.number).epochs) + 1
        if not engine.report(trial.cell, trial.number, epoch, {"val_auc": curve(trial.params, epoch)}):
            live.remove(trial)


def test_every_cell_ends_with_exactly_its_trials():
    engine = engine_of(small_plan(trials=7))
    run(engine)
    assert {cell: len(trials) for cell, trials in engine.record.cells.items()} == {
        "supervised-ft-1": 7,
        "simclr-ft-1": 7,
    }
    states = {trial.state for trial in engine.record.trials()}
    assert states == {"COMPLETE", "PRUNED"}


def test_methods_with_the_same_space_share_the_design():
    engine = engine_of(small_plan(trials=6))
    run(engine)
    one, other = engine.record.cells.values()
    assert [t.params for t in one[:4]] == [t.params for t in other[:4]]
    assert [t.origin for t in one] == ["shared"] * 4 + ["sampler"] * 2
    assert one[5].params != other[5].params


def test_known_epochs_are_ignored_and_gaps_fail():
    engine = engine_of(small_plan(scheduler="none"))
    trial = engine.next()
    for epoch in (1, 2, 1, 2, 3):
        assert engine.report(trial.cell, trial.number, epoch, {"val_auc": 0.5})
    assert [r.epoch for r in engine.record.get(trial.cell, trial.number).epochs] == [1, 2, 3]
    assert not engine.report(trial.cell, trial.number, 5, {"val_auc": 0.5})
    assert engine.record.get(trial.cell, trial.number).reason == "epoch 5: epoch 5 reported after epoch 3"


def test_non_finite_metrics_fail_the_trial():
    engine = engine_of(small_plan())
    trial = engine.next()
    assert not engine.report(trial.cell, trial.number, 1, {"val_auc": 0.5, "train_loss": float("nan")})
    failed = engine.record.get(trial.cell, trial.number)
    assert (failed.state, failed.reason) == ("FAIL", "epoch 1: train_loss is not finite")


def test_a_lost_trial_goes_on_before_new_ones_and_fails_when_it_alone_never_gets_further():
    engine = engine_of(small_plan())
    trial, other = engine.next(), engine.next()
    engine.report(trial.cell, trial.number, 1, {"val_auc": 0.5})
    for attempt in range(2, MAX_LOST + 1):
        engine.lost(trial.cell, trial.number, "ActorDiedError")
        again = engine.next()
        assert (again.cell, again.number, again.attempts) == (trial.cell, trial.number, attempt)
    engine.lost(trial.cell, trial.number, "ActorDiedError")
    engine.report(other.cell, other.number, 1, {"val_auc": 0.5})
    failed = engine.record.get(trial.cell, trial.number)
    assert (failed.state, failed.reason) == ("FAIL", f"lost {MAX_LOST} times at epoch 1: ActorDiedError")


def test_an_outage_that_loses_every_trial_pauses_the_study_and_costs_nothing():
    storage, plan = InMemoryStorage(), small_plan(trials=8)
    engine = engine_of(plan, storage)
    for _ in range(MAX_LOST * MAX_ERRORS + 1):
        trial = engine.next()
        if trial is None:
            break
        engine.lost(trial.cell, trial.number, "OSError: [Errno 5] Input/output error")
    assert engine.paused is not None
    assert "Input/output error" in engine.paused
    run(engine_of(plan, storage))
    trials = engine_of(plan, storage).record.trials()
    assert len(trials) == 16
    assert {trial.state for trial in trials} <= {"COMPLETE", "PRUNED"}


@pytest.mark.parametrize("slots", [4, 8, 16])
def test_configurations_that_raise_at_once_do_not_stop_a_study_of_which_others_get_on(slots):
    engine = engine_of(small_plan(trials=20, scheduler="none", max_epochs=3, sampler="random"))
    live = []
    while engine.paused is None:
        while len(live) < slots and (trial := engine.next()) is not None:
            if trial.params["batch_size"] == 128:
                engine.error(trial.cell, trial.number, "KeyError: 'x'")
            else:
                live.append(trial)
        if not live:
            break
        trial = live[0]
        epoch = len(engine.record.get(trial.cell, trial.number).epochs) + 1
        if not engine.report(trial.cell, trial.number, epoch, {"val_auc": 0.5}):
            live.remove(trial)
    assert engine.paused is None
    engine.close()
    states = {(trial.params["batch_size"], trial.state) for trial in engine.record.trials()}
    assert states == {(32, "COMPLETE"), (128, "FAIL")}
    assert len(engine.record.trials()) == 40


def test_errors_count_as_failures_once_another_trial_gets_on():
    engine = engine_of(small_plan(trials=8))
    bad = [engine.next() for _ in range(MAX_ERRORS - 1)]
    for trial in bad:
        engine.error(trial.cell, trial.number, "KeyError: 'x'")
    assert {engine.record.get(t.cell, t.number).state for t in bad} == {"RUNNING"}
    good = engine.next()
    engine.report(good.cell, good.number, 1, {"val_auc": 0.5})
    found = [engine.record.get(t.cell, t.number) for t in bad]
    assert {(t.state, t.reason) for t in found} == {("FAIL", "KeyError: 'x'")}
    assert engine.paused is None


def test_one_error_after_the_other_pauses_the_study_and_costs_nothing():
    storage, plan = InMemoryStorage(), small_plan(trials=8)
    engine = engine_of(plan, storage)
    for _ in range(MAX_ERRORS):
        trial = engine.next()
        engine.error(trial.cell, trial.number, "KeyError: 'x'")
    assert engine.paused == f"{MAX_ERRORS} trials in a row ended in an error, the last with: KeyError: 'x'"
    run(engine_of(plan, storage))
    assert {trial.state for trial in engine_of(plan, storage).record.trials()} <= {"COMPLETE", "PRUNED"}


def test_a_study_that_ends_with_errors_counts_them():
    engine = engine_of(small_plan(trials=1))
    while engine.peek() is not None:
        trial = engine.next()
        engine.error(trial.cell, trial.number, "KeyError: 'x'")
    engine.close()
    assert {trial.state for trial in engine.record.trials()} == {"FAIL"}


def test_caps_end_a_cell():
    engine = engine_of(small_plan(trials=50, epochs_per_cell=20, scheduler="none"))
    run(engine)
    for trials in engine.record.cells.values():
        assert 20 <= sum(len(trial.epochs) for trial in trials) < 20 + 2  # an epoch that runs at the cap still counts
        assert len(trials) < 50
        assert all(trial.finished for trial in trials)


@pytest.mark.parametrize("sampler", ["tpe", "gp", "random", "grid"])
def test_two_runs_give_the_same_trials(sampler):
    records = []
    for _ in range(2):
        engine = engine_of(small_plan(trials=8, sampler=sampler))
        run(engine, slots=1)
        records.append([(t.params, t.state, t.value, len(t.epochs)) for t in engine.record.trials()])
    assert records[0] == records[1]
