"""Replicates: every winner trained anew on fresh (split, seed) pairs, spread over the cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.base.atomic_files import file_digest, text_digest, write_json
from datasets.splits.split import Split
from study.cluster.capacity import ClusterCapacity
from study.cluster.ray_tasks import Task, run_tasks
from study.plan.cells import Plan
from study.protocol import holdings
from study.store import selection_record
from study.store.selection_record import Selection, Winner
from study.store.stage import StageContext
from study.training.jobs import job_digest, replicate_job
from trainables.job import Job


def replicate(context: StageContext) -> int:
    """Train what is missing; returns how many replicates were trained. Finished ones are never trained again.

    Raises `StudyError` without a frozen selection, `TaskError` when a replicate fails.
    """
    plan, directory = context.plan, context.directory
    frozen = selection_record.load(directory)
    alone: list[Task] = []
    together: list[Task] = []
    capacity = ClusterCapacity(plan)
    for winner, pair in pairs(plan, frozen):
        job = replicate_job(plan, directory, winner, pair)
        if is_done(job):
            continue
        key = f"{plan.cell(winner.cell).title} #{winner.rank + 1} pair {pair}"
        resources = plan.cell(winner.cell).resources
        if resources.workers == 1:
            arguments: tuple[Any, ...] = (job.to_json(),)
            task = Task(
                key=key, function=train_replicate, arguments=arguments, cpus=resources.cpus, gpus=resources.gpus
            )
            alone.append(task)
        else:
            arguments = (job.to_json(), resources.workers, capacity.request(winner.cell)[-1])
            task = Task(key=key, function=train_together, arguments=arguments, cpus=0.0, gpus=0.0, ends_process=True)
            together.append(task)
    limit = plan.spec.resources.max_concurrent
    for key, _ in run_tasks(alone, max_concurrent=limit):
        context.piece("replicate", key)
    groups = min((capacity.max_running(cell.key) for cell in plan.cells if cell.resources.workers > 1), default=1)
    for key, _ in run_tasks(together, max_concurrent=min(limit or groups, groups)):
        context.piece("replicate", key)
    return len(alone) + len(together)


def pairs(plan: Plan, frozen: Selection) -> list[tuple[Winner, int]]:
    """All replicates of a selection: pairs, counted from 1, × the winners of each pair's search."""
    return [(winner, pair) for pair in range(1, plan.spec.replicate.pairs + 1) for winner in frozen.of_pair(pair)]


def is_done(job: Job) -> bool:
    """Whether this very job has finished: its result was written, for the same job and split, and its checkpoint is
    there."""
    path = Path(job.directory) / "result.json"
    if not path.is_file() or not path.with_name("best.pt").is_file():
        return False
    result = holdings.read_json(path, "Delete it and run `study replicate` on the study.")
    if "digest" in result and result.pop("digest") != text_digest(result):
        return False
    split = Path(job.data.split_file)  # where it was deleted, the stage prepare writes it anew, and it is the same
    same = "split" not in result or not split.exists() or result["split"] == Split.read(split).digest
    return bool(result.get("job") == job_digest(job) and same)


def train_together(job_json: str, workers: int, worker: Mapping[str, float]) -> None:
    """Train one replicate in a worker group, as its trials were; `worker`: what one of its processes reserves."""
    from trainables.ray_train import group

    group("study.training.replicates:train_replicate", job_json, workers=workers, worker=worker)


def train_replicate(job_json: str) -> None:
    """Train one replicate in this process, or as one of a worker group.

    Resumes from its last checkpoint. The first process writes history and result when done.
    """
    from trainables.run_job import train
    from trainables.training import distributed
    from trainables.training.objectives import OBJECTIVES

    job = Job.from_json(job_json)
    where = Path(job.directory)
    if distributed.rank() == 0:
        (where / "result.json").unlink(missing_ok=True)  # of another job, else nobody would train this one
    history: dict[int, dict[str, float]] = {}
    started = time.time()

    def listen(epoch: int, metrics: Any, checkpoint: str | None) -> None:
        history[epoch] = dict(metrics)

    train(job, listen)
    if distributed.rank() > 0:
        return
    write_json(
        where / "history.json", [{"epoch": epoch, "metrics": metrics} for epoch, metrics in sorted(history.items())]
    )
    values = [metrics[job.objective] for metrics in history.values()]
    result = {
        "job": job_digest(job),
        "split": Split.read(job.data.split_file).digest,
        "epochs": len(history),
        "value": (max if OBJECTIVES.get(job.objective).maximize else min)(values),
        "seconds": round(time.time() - started, 3),
        "checkpoint": file_digest(where / "best.pt"),
    }
    write_json(where / "result.json", {**result, "digest": text_digest(result)})
    (where / "last.pt").unlink(missing_ok=True)
