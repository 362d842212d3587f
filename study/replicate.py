"""Replicates: every winner trained anew on fresh (split, seed) pairs, spread over the cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from study import cluster, selection
from study.cluster import Task
from study.files import file_digest, write_json
from study.jobs import job_digest, replicate_job
from study.layout import StudyDirectory
from study.plan import Plan
from study.selection import Selection, Winner

Done = Callable[[str], None]


def replicate(plan: Plan, directory: StudyDirectory, on_done: Done = lambda _: None) -> int:
    """Train what is missing; returns how many replicates were trained. Finished ones are never trained again.

    Raises `StudyError` without a frozen selection, `cluster.TaskError` when a replicate fails.
    """
    frozen = selection.load(directory)
    tasks = []
    for winner, pair in pairs(plan, frozen):
        job = replicate_job(plan, directory, winner, pair)
        if is_done(Path(job.directory), job_digest(job)):
            continue
        resources = plan.cell(winner.cell).resources
        tasks.append(
            Task(
                key=f"{winner.cell} #{winner.rank + 1} pair {pair}",
                function=train_replicate,
                arguments=(job.to_json(),),
                cpus=resources.cpus,
                gpus=resources.gpus,
            )
        )
    for key, _ in cluster.run_tasks(tasks, max_concurrent=plan.spec.resources.max_concurrent):
        on_done(key)
    return len(tasks)


def pairs(plan: Plan, frozen: Selection) -> list[tuple[Winner, int]]:
    """All replicates of a selection: winners × pairs, pairs counted from 1."""
    return [(winner, pair) for pair in range(1, plan.spec.replicate.pairs + 1) for winner in frozen.winners]


def is_done(where: Path, job_digest: str) -> bool:
    """Whether this very job has finished: its result was written, for the same job, and its checkpoint is there."""
    result = where / "result.json"
    return result.is_file() and (where / "best.pt").is_file() and _read(result)["job"] == job_digest


def train_replicate(job_json: str) -> None:
    """Train one replicate in this process; resumes from its last checkpoint; writes history and result when done."""
    from trainables.job import Job
    from trainables.run import train

    job = Job.from_json(job_json)
    where = Path(job.directory)
    (where / "result.json").unlink(missing_ok=True)  # of another job, else nobody would train this one
    history: dict[int, dict[str, float]] = {}
    started = time.time()

    def listen(epoch: int, metrics: Any, checkpoint: str | None) -> None:
        history[epoch] = dict(metrics)

    train(job, listen)
    write_json(where / "history.json", [{"epoch": epoch, "metrics": found} for epoch, found in sorted(history.items())])
    values = [metrics[job.objective] for metrics in history.values()]
    write_json(
        where / "result.json",
        {
            "job": job_digest(job),
            "epochs": len(history),
            "value": max(values) if job.objective == "val_auc" else min(values),
            "seconds": round(time.time() - started, 3),
            "checkpoint": file_digest(where / "best.pt"),
        },
    )
    (where / "last.pt").unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found
