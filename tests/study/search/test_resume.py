"""The record is all there is: an engine made from any prefix of a study's events decides what the first one did."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from study.search.engine import MAX_LOST, Engine
from study.store.trial_table import TrialTable
from tests.study.search.example_cells import small_plan


def trials_of(plan):
    return TrialTable([cell.key for cell in plan.cells], objective="val_auc", direction="maximize")


def rebuilt(engine):
    """An engine on a copy of the record, as after a kill at this moment; what was running runs again."""
    record = trials_of(engine.plan)
    record.cells = {cell: list(trials) for cell, trials in engine.record.cells.items()}
    return Engine(engine.plan, record)


def identity(trial):
    return None if trial is None else (trial.cell, trial.number, trial.params, trial.seed, trial.origin)


@settings(deadline=None, max_examples=25)
@given(
    variant=st.sampled_from(["stopping", "promotion"]),
    sampler=st.sampled_from(["random", "tpe"]),
    slots=st.integers(1, 3),
    moves=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["epoch"] * 8 + ["lost", "end"])), max_size=40),
    values=st.randoms(use_true_random=False),
)
def test_replaying_any_prefix_gives_the_same_next_decision(variant, sampler, slots, moves, values):
    scheduler = {"asha": {"eta": 2, "grace": 1, "variant": variant}}
    plan = small_plan(trials=5, max_epochs=4, shared_design=2, sampler=sampler, scheduler=scheduler)
    engine, live = Engine(plan, trials_of(plan)), []
    for pick, move in moves:
        while len(live) < slots:
            again = resumed(engine, live)
            assert again.peek() == engine.peek()
            trial = engine.next()
            assert identity(again.next()) == identity(trial)
            if trial is None:
                break
            live.append((trial.cell, trial.number))
        if not live:
            return
        cell, number = live[pick % len(live)]
        again = resumed(engine, live)
        if move == "lost":
            live.remove((cell, number))
            engine.lost(cell, number, "ActorDiedError")
            if len(engine.record.get(cell, number).extra["lost"].splitlines()) == MAX_LOST - 1:
                return  # once more is an error, which a new engine does not know of
            if not engine.record.get(cell, number).finished:
                assert identity(engine.next())[:2] == (cell, number), "a lost trial goes on before new ones"
                live.append((cell, number))
        elif move == "end":
            live.remove((cell, number))
            engine.end(cell, number)
        else:
            epoch, value = len(engine.record.get(cell, number).epochs) + 1, values.random()
            goes_on = engine.report(cell, number, epoch, {"val_auc": value})
            assert again.report(cell, number, epoch, {"val_auc": value}) == goes_on
            assert again.record.get(cell, number).state == engine.record.get(cell, number).state
            if not goes_on:
                live.remove((cell, number))


def resumed(engine, live):
    """The rebuilt engine once it has handed out what was running."""
    again = rebuilt(engine)
    handed = [again.next() for _ in live]
    assert {(trial.cell, trial.number) for trial in handed} == set(live)
    return again


@settings(deadline=None, max_examples=25)
@given(kills=st.lists(st.integers(1, 12), max_size=8), variant=st.sampled_from(["stopping", "promotion"]))
def test_killed_anywhere_a_study_on_one_device_ends_as_if_undisturbed(kills, variant):
    scheduler = {"asha": {"eta": 2, "grace": 1, "variant": variant}}
    plan = small_plan(trials=4, max_epochs=4, shared_design=2, scheduler=scheduler)
    ends = []
    for steps in ([], kills):
        engine = Engine(plan, trials_of(plan))
        for count in [*steps, 10**6]:
            drive(engine, count)
            engine = rebuilt(engine)
        ends.append([(t.params, t.state, t.value, len(t.epochs)) for t in engine.record.trials()])
    assert ends[0] == ends[1]


def drive(engine, steps):
    trial = None
    for _ in range(steps):
        trial = trial or engine.next()
        if trial is None:
            engine.close()
            return
        epoch = len(engine.record.get(trial.cell, trial.number).epochs) + 1
        value = 0.5 + 0.01 * epoch + 0.1 * float(trial.params["lr"]) ** 0.1
        if not engine.report(trial.cell, trial.number, epoch, {"val_auc": value}):
            trial = None
