"""The engine on a local Ray."""

from __future__ import annotations

import pytest

from study.base.errors import MachineError, StudyError
from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from study.store.lock import only_driver
from study.store.trial_storage import read_trials
from tests.study.search.example_cells import job_maker, small_plan

TRAIN = "tests.study.search.toys:train"


def search(root, plan, **options):
    directory = StudyDirectory(root)
    run_search(plan, directory, job_maker(root), **{"train": TRAIN, **options})
    return read_trials(directory.storage_url, plan.spec.study)


def test_a_study_ends_with_exactly_its_trials_and_more_can_be_added(tmp_path):
    events = []
    trials = search(tmp_path, small_plan(trials=5), on_event=events.append)
    assert sorted((t.cell, t.number) for t in trials) == [
        (cell, n) for cell in ("simclr-ft-1", "supervised-ft-1") for n in range(5)
    ]
    assert all(t.finished for t in trials)
    assert [r.epoch for t in trials for r in t.epochs] == [e for t in trials for e in range(1, len(t.epochs) + 1)]
    assert {t.state for t in trials} == {"COMPLETE", "PRUNED"}
    assert sum(e.finished for e in events) == 10
    assert all(t.seconds > 0 and t.host for t in trials)
    assert all(t.device.endswith((", float32", ", bfloat16", ", float16")) for t in trials)
    extended = search(tmp_path, small_plan(trials=7))
    assert len(extended) == 14
    assert [t.params for t in extended if t.number < 5] == [t.params for t in trials]


def test_two_runs_one_after_the_other_give_the_same_record(tmp_path):
    found = [search(tmp_path / name, small_plan(), max_concurrent=1) for name in ("one", "other")]
    one, other = ([(t.cell, t.params, t.state, t.value, len(t.epochs)) for t in run] for run in found)
    assert one == other


def test_a_study_has_one_driver(tmp_path):
    with only_driver(tmp_path), pytest.raises(StudyError, match="is in the hands of process"):
        search(tmp_path, small_plan())


def test_what_can_never_be_placed_is_refused_with_the_arithmetic(tmp_path):
    with pytest.raises(StudyError, match=r"CPU: 1 × 640 = 640 wanted; the largest of 1 nodes has"):
        search(tmp_path, small_plan(resources={"cpus_per_trial": 640}))


def test_faults_of_the_configuration_cost_budget_and_faults_of_the_cluster_do_not(tmp_path):
    directory, plan = StudyDirectory(tmp_path), small_plan(trials=4, max_epochs=3, scheduler="none")
    run_search(plan, directory, job_maker(tmp_path), train="tests.study.search.toys:faulty")
    trials = read_trials(directory.storage_url, "toy")
    assert [t.number for t in trials] == [0, 1, 2, 3] * 2
    fine, diverged, buggy, lost = (trials[number::4] for number in range(4))
    assert {t.state for t in fine + lost} == {"COMPLETE"}
    assert {(t.state, t.reason) for t in diverged} == {
        ("FAIL", "The training loss became nan: this configuration diverged.")
    }
    assert {(t.state, t.reason) for t in buggy} == {("FAIL", "KeyError: 'no such layer'")}
    assert [t.attempts for t in trials] == [1, 1, 1, 2] * 2
    assert all([r.epoch for r in t.epochs] == [1, 2, 3] for t in fine + lost)
    assert all("Died" in t.extra["lost"] for t in lost)


def facts(trials):
    return [(t.cell, t.number, t.params, t.state, t.value, len(t.epochs)) for t in trials]


def test_a_full_disk_stops_the_search_and_costs_nothing(tmp_path):
    plan = small_plan(trials=6, max_epochs=2, scheduler="none", sampler="random")
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    (one / "full").touch()
    said = r"trial 2 of .* could not write: OSError: \[Errno 28\] No space left on device"
    with pytest.raises(MachineError, match=said):
        search(one, plan, max_concurrent=1, train="tests.study.search.toys:on_a_full_disk")
    stopped = read_trials(StudyDirectory(one).storage_url, "toy")
    assert {trial.state for trial in stopped} == {"COMPLETE", "RUNNING"}
    (one / "full").unlink()
    again = search(one, plan, max_concurrent=1)
    assert {trial.state for trial in again} == {"COMPLETE"}
    assert facts(again) == facts(search(other, plan, max_concurrent=1))


def test_losers_checkpoints_are_gone_when_the_search_ends(tmp_path):
    trials = search(tmp_path, small_plan(trials=5))
    left = {str(path.relative_to(tmp_path / "trials")) for path in (tmp_path / "trials").rglob("*.pt")}
    winners = {}
    for trial in sorted(trials, key=lambda t: (t.value, -t.number)):
        winners[trial.cell] = trial.number
    assert left == {f"{cell}/{number}/best.pt" for cell, number in winners.items()}
