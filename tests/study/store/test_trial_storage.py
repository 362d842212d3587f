"""The record on an Optuna storage: what is written can be read, by us and by Optuna's own tools."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import optuna
import pytest

from search_spaces import load
from study.search.samplers.designs import design_point
from study.search.samplers.optuna_study import distributions
from study.store.trial_storage import Record, open_storage, read_trials

SPACE = load("ft")
CELLS = ("supervised-ft-1", "simclr-ft-1")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'trials.db'}"


def record_of(url, direction="maximize"):
    objective = "val_auc" if direction == "maximize" else "val_loss"
    return Record(open_storage(url), "toy", CELLS, objective=objective, direction=direction)


def start(record, cell=CELLS[0]):
    number = len(record.cells[cell])
    return record.create(cell, design_point(SPACE, number, 0), distributions(SPACE), origin="shared", seed=number)


def test_what_memory_holds_the_storage_holds(url):
    record = record_of(url)
    first, second, third = start(record), start(record), start(record, CELLS[1])
    for epoch, value in enumerate((0.6, 0.8, 0.7), start=1):
        record.epoch(first.cell, 0, epoch, {"val_auc": value, "device_seconds": 1.5, "images": 10.0 * epoch})
    record.finish(first.cell, 0, "COMPLETE")
    record.epoch(second.cell, 1, 1, {"val_auc": 0.5})
    record.finish(second.cell, 1, "PRUNED", "ASHA at epoch 1")
    record.note(third.cell, 0, host="node-1", device="cpu", mlflow_run="abc")
    record.attempt(third.cell, 0, "ActorDiedError")
    record.finish(third.cell, 0, "FAIL", "the loss is not finite")
    found = {(trial.cell, trial.number): trial for trial in read_trials(url, "toy")}
    assert len(found) == 3
    for trial in record.trials():
        read = found[trial.cell, trial.number]
        for name in ("state", "params", "value", "epochs", "origin", "attempts", "seconds", "reason", "seed", "extra"):
            assert getattr(read, name) == getattr(trial, name), name
        assert read.started == pytest.approx(trial.started, abs=1.0)
    first = found[CELLS[0], 0]
    assert (first.value, first.seconds, first.params) == (0.8, 4.5, design_point(SPACE, 0, 0))
    assert [r.order for r in first.epochs] == [0, 1, 2]
    assert found[CELLS[1], 0].extra["mlflow_run"] == "abc"


def test_a_loss_is_minimised(url):
    record = record_of(url, "minimize")
    start(record)
    for epoch, value in enumerate((0.6, 0.4, 0.5), start=1):
        record.epoch(CELLS[0], 0, epoch, {"val_loss": value})
    record.finish(CELLS[0], 0, "COMPLETE")
    assert read_trials(url, "toy")[0].value == 0.4
    assert optuna.load_study(study_name=f"toy/{CELLS[0]}", storage=url).best_value == 0.4


def test_optuna_reads_the_same_trials(url):
    record = record_of(url)
    start(record)
    record.epoch(CELLS[0], 0, 1, {"val_auc": 0.6})
    record.finish(CELLS[0], 0, "PRUNED", "ASHA at epoch 1")
    study = optuna.load_study(study_name=f"toy/{CELLS[0]}", storage=url)
    (trial,) = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert trial.intermediate_values == {1: 0.6}
    assert trial.params == {name: design_point(SPACE, 0, 0)[name] for name in SPACE.domains}
    assert optuna.get_all_study_names(url) == [f"toy/{cell}" for cell in CELLS]


def test_an_epoch_whose_second_write_was_lost_did_not_happen_and_can_be_written_again(url):
    record = record_of(url)
    start(record)
    record.epoch(CELLS[0], 0, 1, {"val_auc": 0.6})
    record._storage.set_trial_intermediate_value(record._ids[CELLS[0], 0], 2, 0.9)
    (trial,) = read_trials(url, "toy")
    assert ([r.epoch for r in trial.epochs], trial.value) == ([1], 0.6)
    again = record_of(url)
    again.epoch(CELLS[0], 0, 2, {"val_auc": 0.7})
    (trial,) = read_trials(url, "toy")
    assert ([r.epoch for r in trial.epochs], trial.value) == ([1, 2], 0.7)


def test_an_ended_trial_stays_as_it_is(url):
    record = record_of(url)
    start(record)
    record.epoch(CELLS[0], 0, 1, {"val_auc": 0.6})
    record.finish(CELLS[0], 0, "COMPLETE")
    record.finish(CELLS[0], 0, "FAIL", "too late")
    assert [(t.state, t.reason) for t in read_trials(url, "toy")] == [("COMPLETE", "")]


def test_a_trial_ends_with_the_digest_of_what_it_was(url):
    """What changes in the storage afterwards is seen; a trial that runs, or that an older version ended, has none."""
    record = record_of(url)
    for number in range(3):
        start(record)
        record.epoch(CELLS[0], number, 1, {"val_auc": 0.6 + number / 7, "device_seconds": 0.1})
    record.finish(CELLS[0], 0, "COMPLETE")
    record.finish(CELLS[0], 1, "FAIL", "the loss is not finite")
    assert [bool(trial.digest) for trial in read_trials(url, "toy")] == [True, True, False]
    assert not any(trial.altered for trial in read_trials(url, "toy"))
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE trial_values SET value = value + 1e-12")
        database.execute("UPDATE trial_intermediate_values SET intermediate_value = intermediate_value + 1e-12")
    assert [trial.altered for trial in read_trials(url, "toy")] == [True, True, False]
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("DELETE FROM trial_user_attributes WHERE key = 'digest'")
    assert not any(trial.altered for trial in read_trials(url, "toy"))


def test_a_storage_that_is_not_there_has_no_trials_and_is_not_made(tmp_path):
    assert read_trials(f"sqlite:///{tmp_path / 'none.db'}", "toy") == []
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_meets_half_a_storage(url, tmp_path, monkeypatch):
    """The file appears with all its tables, and a driver that was killed while it made them leaves no such file."""
    seen = []
    replace = os.replace

    def watch(half, path):
        seen.append((read_trials(url, "toy"), Path(path).exists()))
        replace(half, path)

    monkeypatch.setattr("study.store.trial_storage.os.replace", watch)
    open_storage(url)
    assert seen == [([], False)]
    assert [path.name for path in tmp_path.iterdir()] == ["trials.db"]


def test_studies_share_a_storage_without_meeting(url):
    start(record_of(url))
    assert read_trials(url, "other") == []
    assert len(read_trials(url, "toy")) == 1


def test_the_dashboard_lists_the_cells(url):
    """With the extra `dashboard` installed: `optuna-dashboard sqlite:///runs/<study>/trials.db`."""
    dashboard = pytest.importorskip("optuna_dashboard")
    from wsgiref.util import setup_testing_defaults

    start(record_of(url))
    request = {"PATH_INFO": "/api/studies"}
    setup_testing_defaults(request)
    said = []
    body = b"".join(dashboard.wsgi(url)(request, lambda status, headers, error=None: said.append(status)))
    assert said[0].startswith("200")
    assert all(f"toy/{cell}".encode() in body for cell in CELLS)
