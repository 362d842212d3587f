"""What MLflow should hold, from records alone: no server, no MLflow."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from study.store.trial import EpochRecord, TrialRecord
from study.tracking.desired import identity
from study.tracking.desired.cell_runs import budget_points
from study.tracking.desired.desired_state import DesiredState
from study.tracking.desired.trial_runs import epoch_points
from study.tracking.sync.journal import Journal, read
from tests.study.tracking.studies import search, start


def test_the_drivers_side_loads_neither_mlflow_nor_pandas():
    code = "import sys, study.tracking; print([m for m in ('mlflow', 'pandas', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mlflow" not in done.stdout
    assert "torch" not in done.stdout


def test_a_curve_carries_every_epoch_once_the_best_so_far_and_honest_times():
    epochs = [EpochRecord(epoch=n, metrics={"val_auc": v, "seconds": 2.0}) for n, v in enumerate([0.6, 0.8, 0.7], 1)]
    points = epoch_points(epochs, 100.0, "val_auc", maximise=True)
    assert [(p.step, p.value) for p in points if p.key == "val_auc"] == [(1, 0.6), (2, 0.8), (3, 0.7)]
    assert [(p.step, p.value) for p in points if p.key == "best_val_auc"] == [(1, 0.6), (2, 0.8), (3, 0.8)]
    assert sorted({p.at for p in points}) == [102.0, 104.0, 106.0]
    losses = [EpochRecord(epoch=n, metrics={"val_loss": v}) for n, v in enumerate([0.6, 0.8], 1)]
    best = [p.value for p in epoch_points(losses, 0.0, "val_loss", maximise=False) if p.key == "best_val_loss"]
    assert best == [0.6, 0.6]


ENDED = st.builds(
    TrialRecord,
    cell=st.just("c"),
    number=st.integers(0, 99),
    state=st.sampled_from(["RUNNING", "COMPLETE", "PRUNED", "FAIL"]),
    params=st.just({}),
    value=st.none() | st.floats(0, 1),
    epochs=st.lists(st.just(EpochRecord(epoch=1, metrics={})), max_size=3).map(tuple),
    seconds=st.floats(0, 1e3),
    ended=st.floats(1, 1e6),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ENDED, max_size=8, unique_by=lambda trial: trial.number))
def test_summaries_only_grow_and_add_up(trials):
    points = budget_points(trials, objective="val_auc")
    ended = [trial for trial in trials if trial.finished]
    last = {point.key: point.value for point in points}
    if ended:
        assert sum(last[f"trials_{name}"] for name in ("complete", "pruned", "failed")) == len(ended)
        assert last["epochs"] == sum(len(trial.epochs) for trial in ended)
    else:
        assert points == ()
    values = [trial.value for trial in ended if trial.value is not None]
    assert last.get("best_val_auc") == (max(values) if values else None)
    first = min(ended, key=lambda t: (t.ended, t.cell, t.number), default=None)
    assert points[: 5 + (first is not None and first.value is not None)] == budget_points(
        [first] if first else [], objective="val_auc"
    )


def test_a_state_updated_by_a_journal_equals_one_read_from_the_directory(tmp_path):
    plan, directory = start(tmp_path)
    found = identity.begin_session(plan, directory)
    journal = Journal(tmp_path / "journal.jsonl")
    search(plan, directory, journal.trial, fails_above=5e-3)
    journal.stage("search")
    updated, loaded = DesiredState(plan, directory, found), DesiredState(plan, directory, found)
    loaded.load()
    events, _ = read(journal.path, 0)
    changed = [updated.update(event) for event in events]
    assert sorted(updated.run_keys()) == sorted(loaded.run_keys())
    times = {"started": 0.0, "ended": 0.0}  # the storage notes its own, some milliseconds later
    for key in loaded.run_keys():
        one, other = updated.run(key), loaded.run(key)
        assert dataclasses.replace(one, points=(), **times) == dataclasses.replace(other, points=(), **times), key
        assert [(p.key, p.step) for p in one.points] == [(p.key, p.step) for p in other.points]
    assert {key for keys in changed for key in keys} == set(loaded.run_keys())
    states = {loaded.run(key).tags["state"] for key in loaded.run_keys() if key.startswith("trial/")}
    assert states >= {"COMPLETE", "PRUNED"}


def test_old_news_takes_nothing_back(tmp_path):
    plan, directory = start(tmp_path)
    journal = Journal(tmp_path / "journal.jsonl")
    search(plan, directory, journal.trial)
    desired = DesiredState(plan, directory, identity.begin_session(plan, directory))
    desired.load()
    before = {key: desired.run(key) for key in desired.run_keys()}
    for event in read(journal.path, 0)[0][:-1]:
        desired.update(event)
    after = {key: desired.run(key) for key in desired.run_keys()}
    assert {k: (r.status, r.tags.get("state"), len(r.points)) for k, r in after.items()} == {
        k: (r.status, r.tags.get("state"), len(r.points)) for k, r in before.items()
    }


def test_a_lost_line_is_made_up_for_from_the_storage(tmp_path):
    plan, directory = start(tmp_path)
    journal = Journal(tmp_path / "journal.jsonl")
    search(plan, directory, journal.trial)
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join(line for n, line in enumerate(lines) if n % 3 != 1))
    updated, loaded = (DesiredState(plan, directory, identity.begin_session(plan, directory)) for _ in range(2))
    loaded.load()
    for event in read(journal.path, 0)[0]:
        updated.update(event)
    updated.load()  # as the next writer does
    for key, run in ((key, loaded.run(key)) for key in loaded.run_keys()):
        assert [(p.key, p.step, p.value) for p in updated.run(key).points] == [
            (p.key, p.step, p.value) for p in run.points
        ]


def test_a_torn_line_waits_for_its_rest(tmp_path):
    path = tmp_path / "journal.jsonl"
    Journal(path).stage("select")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:7])
    events, position = read(path, 0)
    assert [event.stage for event in events] == ["select"]
    assert position == len(whole)
    path.write_bytes(whole + whole)
    assert [event.stage for event in read(path, position)[0]] == ["select"]


def test_a_studys_id_is_its_directorys_own_and_lasts(tmp_path):
    ids = []
    for name in ("one", "other"):
        plan, directory = start(tmp_path / name)
        ids.append(identity.begin_session(plan, directory).id)
        assert identity.begin_session(plan, directory).id == ids[-1]
        assert len(identity.load(directory).sessions) == 1, "the same code on the same machine is one session"
    assert ids[0] != ids[1]
    assert all(found.startswith(f"{plan.spec.digest}-") for found in ids)
