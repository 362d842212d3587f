"""Worker groups (DDP) under ASHA: nothing of a stopped trial stays behind."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
import ray
import ray.util
from ray._private.state import actors

from study.cluster import connection
from study.cluster.ray_tasks import Task, run_tasks
from study.pipeline.run import run_study
from study.protocol.opening import start_study
from study.search.ray_tune.tuner import run_search
from study.spec.loading import parse_spec
from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials
from tests.study.search.example_cells import job_maker, small_plan
from trainables.ray_train import group

RAYS_OWN = ("_AutoscalingCoordinatorActor", "DatasetManager")  # Ray Train keeps one of each while a job lives


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("dashboard", [False, True])
def test_stopped_worker_groups_leave_nothing(tmp_path, dashboard):
    """20 trials of 2 workers (`pytest -m slow tests/study/search/test_groups.py`, about 6 min on 2 cores)."""
    ray.shutdown()
    before = _processes()
    connection.connect(dashboard=dashboard)
    try:
        plan = small_plan(trials=10, max_epochs=9, resources={"workers_per_trial": 2, "cpus_per_trial": 1})
        directory = StudyDirectory(tmp_path)
        run_search(plan, directory, job_maker(tmp_path), train="tests.study.search.toys:train_group")
        trials = read_trials(directory.storage_url, "toy")
        states = [trial.state for trial in trials]
        assert len(trials) == 20
        assert set(states) == {"COMPLETE", "PRUNED"}
        assert states.count("PRUNED") >= 8
        assert _left_after(30) == []
        assert ray.available_resources()["CPU"] == ray.cluster_resources()["CPU"]
    finally:
        ray.shutdown()
    assert _new_after(30, before) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_replicates_train_in_groups_as_their_trials_did(tmp_path):
    """A whole study of 2 workers a trial (about 2 min on 2 cores): every training had a group of its own."""
    ray.shutdown()
    before = _processes()
    connection.connect()
    try:
        spec = parse_spec(
            {
                "study": "pairs",
                "methods": ["supervised:ft"],
                "backbone": "test_resnet",
                "image_size": 32,
                "train": {"source": "synthetic"},
                "tests": ["synthetic_test"],
                "search": {"trials": 1, "shared_design": 1, "max_epochs": 1, "scheduler": "none"},
                "replicate": {"pairs": 2},
                "evaluate": {"copies": 1},
                "resources": {"workers_per_trial": 2, "cpus_per_trial": 1},
            }
        )
        planned, directory = start_study(spec, tmp_path / "study")
        run_study(planned, directory)
        for pair in (1, 2):
            where = directory.replicate(planned.cells[0].key, 0, pair)
            assert json.loads((where / "result.json").read_text())["epochs"] == 1
        groups = [len(found["bundles"]) for found in ray.util.placement_group_table().values()]
        assert groups.count(2) == 3  # one trial and two replicates
        assert _left_after(30) == []
    finally:
        ray.shutdown()
    assert _new_after(30, before) == []


@pytest.mark.timeout(300)
def test_the_controller_of_a_group_ends_with_it_and_not_with_the_process_that_asked_for_it():
    ray.shutdown()
    connection.connect()
    try:
        task = Task(key="alone", function=_controllers_left, cpus=0.0, gpus=0.0)
        assert list(run_tasks([task])) == [("alone", [])]
    finally:
        ray.shutdown()


def _controllers_left() -> list[str]:
    """Names of what a group left alive, as seen from the process that asked for it, which goes on for a while."""
    group("json:loads", "{}", workers=1, worker={"CPU": 1})
    return [name for name in _left_after(20) if "Controller" in name]


def _processes() -> dict[int, str]:
    """Ray's workers on this machine by process id: one can outlive its cluster, where Ray's own lists end."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            name = (folder / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            if name.startswith("ray::"):
                found[int(folder.name)] = name
    return found


def _new_after(seconds: float, before: dict[int, str]) -> list[str]:
    """Names of processes that were not there before and are still, after at most this long."""
    deadline = time.monotonic() + seconds
    while True:
        left = [name for number, name in _processes().items() if number not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.5)


def _left_after(seconds):
    deadline = time.monotonic() + seconds
    while _left() and time.monotonic() < deadline:
        time.sleep(0.5)
    return _left()


def _left():
    groups = [g["placement_group_id"] for g in ray.util.placement_group_table().values() if g["state"] != "REMOVED"]
    alive = [a["ActorClassName"] for a in actors().values() if a["State"] not in ("DEAD",)]
    return groups + [name for name in alive if name not in RAYS_OWN]
