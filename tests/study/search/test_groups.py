"""Worker groups (DDP) under ASHA: nothing of a stopped trial stays behind."""

from __future__ import annotations

import time

import pytest
import ray
import ray.util
from ray._private.state import actors

from study import cluster
from study.layout import StudyDirectory
from study.search import read_trials, run_search
from tests.study.search.examples import job_maker, small_plan


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("dashboard", [False, True])
def test_stopped_worker_groups_leave_nothing(tmp_path, dashboard):
    """20 trials of 2 workers (`pytest -m slow tests/study/search/test_groups.py`, about 6 min on 2 cores)."""
    ray.shutdown()
    cluster.connect(dashboard=dashboard)
    try:
        plan = small_plan(trials=10, max_epochs=9, resources={"workers_per_trial": 2, "cpus_per_trial": 1})
        directory = StudyDirectory(tmp_path)
        run_search(plan, directory, job_maker(tmp_path), train="tests.study.search.toys:train_group")
        trials = read_trials(directory.storage_url, "toy")
        states = [trial.state for trial in trials]
        assert len(trials) == 20
        assert set(states) == {"COMPLETE", "PRUNED"}
        assert states.count("PRUNED") >= 8
        deadline = time.monotonic() + 30
        while _left() and time.monotonic() < deadline:
            time.sleep(0.5)
        assert _left() == []
        assert ray.available_resources()["CPU"] == ray.cluster_resources()["CPU"]
    finally:
        ray.shutdown()


def _left():
    groups = [g["placement_group_id"] for g in ray.util.placement_group_table().values() if g["state"] != "REMOVED"]
    alive = [a["ActorClassName"] for a in actors().values() if a["State"] not in ("DEAD",)]
    return groups + alive
