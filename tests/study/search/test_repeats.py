"""Several independent searches a cell, out of the same trials."""

from __future__ import annotations

from collections import Counter

import pytest
from optuna.storages import InMemoryStorage

from study.base.errors import StudyError
from study.plan import fairness_rules
from study.preparation.validation_size import ValidationSize
from study.search.checkpoints import selectable
from study.search.engine import Engine
from study.selection.winners import winners
from study.spec.search_section import Select
from study.store import dashboard_notes, selection_record
from study.store.directory import StudyDirectory
from study.store.searches import by_search, of_search
from study.store.trial_storage import Record
from study.store.trial_table import TrialTable
from tests.study.example_study import planned, trial
from tests.study.search.example_cells import small_plan
from tests.study.search.test_engine import engine_of, run

REPEATS = 2
SIZE = ValidationSize(positives=30, negatives=70)


def two_searches(trials=12, **search):
    return small_plan(trials=trials, pairs=4, repeats=REPEATS, **{"shared_design": 3, **search})


def test_the_searches_of_a_cell_share_its_trials_in_turn():
    engine = engine_of(two_searches(trials=11))
    run(engine)
    for trials in engine.record.cells.values():
        assert [trial.number for trial in trials] == list(range(11))
        assert [len(own) for own in by_search(trials, REPEATS)] == [6, 5]
        assert [trial.origin for trial in trials] == ["shared"] * 6 + ["sampler"] * 5


def test_each_search_has_a_design_of_its_own_which_all_methods_share():
    engine = engine_of(two_searches())
    run(engine)
    one, other = engine.record.cells.values()
    designs = [[t.params for t in of_search(one, search, REPEATS)[:3]] for search in range(REPEATS)]
    assert designs == [[t.params for t in of_search(other, search, REPEATS)[:3]] for search in range(REPEATS)]
    assert not any(point in designs[1] for point in designs[0])


def test_the_first_search_is_the_one_that_a_single_search_would_be():
    """Its design and, with random search, all its configurations."""
    alone = engine_of(small_plan(trials=6, shared_design=3, sampler="random", scheduler="none"))
    both = engine_of(two_searches(sampler="random", scheduler="none"))
    run(alone)
    run(both)
    for cell, trials in alone.record.cells.items():
        assert [t.params for t in of_search(both.record.cells[cell], 0, REPEATS)] == [t.params for t in trials]


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid", "sobol"])
def test_no_search_learns_from_another(sampler):
    """What a search proposes is the same whatever the other one found."""

    def proposed(other):
        engine = engine_of(two_searches(sampler=sampler, shared_design=2, scheduler="none", max_epochs=1))
        while (trial := engine.next()) is not None:
            lr = float(trial.params["lr"])
            engine.report(trial.cell, trial.number, 1, {"val_auc": 1 - lr if trial.number % 2 == 0 else other(lr)})
        return [t.params for t in of_search(engine.record.cells["supervised-ft-1"], 0, REPEATS)]

    assert proposed(lambda lr: lr) == proposed(lambda lr: 1 - lr)


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_no_search_stops_the_trials_of_another(variant):
    """The second search's trials are all worse than the first's: as many of them reach the top rung."""
    plan = two_searches(scheduler={"asha": {"eta": 2, "grace": 1, "variant": variant}}, sampler="random", trials=24)
    engine = Engine(plan, TrialTable([c.key for c in plan.cells], objective="val_auc", direction="maximize"))
    live = []
    while True:
        while len(live) < 4 and (started := engine.next()) is not None:
            live.append(started)
        if not live:
            break
        now = live.pop(0)
        epoch = len(engine.record.get(now.cell, now.number).epochs) + 1
        value = 0.9 - 0.3 * (now.number % 2) - 0.01 * (now.number // 2 * 7 % 12)
        if engine.report(now.cell, now.number, epoch, {"val_auc": value}):
            live.append(now)
    engine.close()
    for trials in engine.record.cells.values():
        ends = [sorted(len(t.epochs) for t in own) for own in by_search(trials, REPEATS)]
        assert ends[0] == ends[1], "both searches saw the same values in the same order, but for a shift"


def test_a_search_goes_on_from_its_record_as_if_nothing_had_happened():
    plan, storage = two_searches(), InMemoryStorage()
    whole = engine_of(plan)
    run(whole, slots=1)
    run(engine_of(plan, storage), slots=1, steps=31)
    again = engine_of(plan, storage)
    assert any(trial.state == "RUNNING" for trial in again.record.trials())
    run(again, slots=1)
    found = [{(t.cell, t.number): (t.params, t.state, t.value) for t in e.record.trials()} for e in (whole, again)]
    assert found[0] == found[1]
    assert isinstance(again.record, Record)


def test_every_search_has_winners_and_every_pair_trains_those_of_one():
    plan = planned(
        search={"repeats": 2, "trials": 8, "shared_design": 2}, replicate={"pairs": 4}, select={"rule": "top_k", "k": 2}
    )
    trials = [
        trial(cell.key, number, [0.5 + 0.4 * (number % 2) + 0.01 * number])
        for cell in plan.cells
        for number in range(8)
    ]
    found = winners(plan, trials, SIZE)
    frozen = selection_record.propose("spec", "top_k", found, repeats=2)
    of_cell = [(w.search, w.rank, w.trial) for w in frozen.winners if w.cell == plan.cells[0].key]
    assert of_cell == [(0, 0, 6), (0, 1, 4), (1, 0, 7), (1, 1, 5)]
    counts = Counter(w.search for pair in range(1, 5) for w in frozen.of_pair(pair))
    assert counts == {0: 2 * len(found) * 2, 1: 2 * len(found) * 2}
    assert {w.search for w in frozen.of_pair(1)} == {0}
    assert {w.search for w in frozen.of_pair(2)} == {1}


def test_checkpoints_stay_while_they_can_win_their_own_search():
    trials = [trial("cell", number, [value]) for number, value in enumerate([0.9, 0.5, 0.8, 0.6])]
    assert selectable(Select(rule="best", k=1), trials, "val_auc", 2) == {0, 3}


def test_too_few_trials_and_uneven_pairs_are_refused():
    with pytest.raises(StudyError, match=r"2 × \(3 \+ 1\) = 8 in all, but supervised-ft-1 has 7\. Raise"):
        two_searches(trials=7)
    with pytest.raises(StudyError, match=r"multiple of search\.repeats, got 5 pairs and 2 searches\. Use 6 pairs"):
        small_plan(trials=12, pairs=5, repeats=2)


def test_a_study_that_searches_once_keeps_its_digest_and_others_do_not():
    one, same, two = (small_plan(trials=12, pairs=4, **search).spec for search in ({}, {"repeats": 1}, {"repeats": 2}))
    assert "repeats" not in one.identity()["search"]
    assert one.digest == same.digest != two.digest


def test_a_selection_of_one_search_reads_as_in_older_versions(tmp_path):
    """No word of searches in it: its digest is what it was, and a file of an older version is read."""
    plan = planned()
    trials = [trial(cell.key, number, [0.5 + 0.1 * number]) for cell in plan.cells for number in range(3)]
    proposed = selection_record.propose("spec", "best", winners(plan, trials, SIZE))
    frozen = selection_record.freeze(StudyDirectory(tmp_path), proposed)
    assert "search" not in (tmp_path / "selection.json").read_text()
    assert selection_record.load(StudyDirectory(tmp_path)) == frozen
    assert frozen.of_pair(1) == frozen.of_pair(2) == frozen.winners


def test_the_plan_counts_the_designs_of_all_searches():
    """Three trials of each of two designs are the same for every method: six."""
    found = small_plan(trials=12, pairs=4, repeats=2, shared_design=3)
    assert set(fairness_rules.parity(found)["shared_design"]) == {6}
    assert "the first 6 trials the same for every method" in dashboard_notes.note(found, found.cells[0])
