"""Three Ray nodes on this machine: a study uses all, one is killed in the middle, one is added; it ends complete.

    python -m tests.study.search.nodes DIR          # prints what happened as JSON

A process of its own, because Ray reads its authentication from the environment once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from study.cluster import connection
from study.cluster.doctor import Request, diagnose
from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials
from tests.study.search.example_cells import job_maker, small_plan

TRIALS = 10


def run(root: Path) -> dict[str, object]:
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        victim, _ = (nodes.add_node(num_cpus=1) for _ in range(2))
        connection.connect(nodes.address)
        examined = diagnose(Request(storage=root))
        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        plan = small_plan(trials=TRIALS, max_epochs=6, scheduler={"asha": {"eta": 2, "grace": 2}})
        ended, added = [], []

        def heard(trial) -> None:
            if not trial.finished:
                return
            ended.append(trial)
            if len(ended) == 4:
                nodes.remove_node(victim, allow_graceful=False)
            if len(ended) == 5:
                added.append(nodes.add_node(num_cpus=1).node_id)

        run_search(plan, StudyDirectory(root), job_maker(root), train="tests.study.search.toys:train", on_event=heard)
        trials = read_trials(StudyDirectory(root).storage_url, "toy")
        used = {line for path in root.rglob("nodes.txt") for line in path.read_text().split()}
        return {
            "examined": len({finding.node for finding in examined}),
            "unfit": [f"{finding.check}: {finding.detail}" for finding in examined if not finding.ok],
            "states": [trial.state for trial in trials],
            "attempts": sum(trial.attempts for trial in trials),
            "gaps": [
                (t.cell, t.number) for t in trials if [r.epoch for r in t.epochs] != list(range(1, len(t.epochs) + 1))
            ],
            "used": len(used),
            "first_three_used": alive <= used,
            "added_used": set(added) <= used,
            "killed_is_gone": victim.node_id not in {node["NodeID"] for node in ray.nodes() if node["Alive"]},
        }
    finally:
        ray.shutdown()
        nodes.shutdown()


if __name__ == "__main__":
    print("RESULT " + json.dumps(run(Path(sys.argv[1]))))
