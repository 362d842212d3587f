"""Toy trainings for the engine's tests: no data, no model, the same contract as `trainables.run_job.train`."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from trainables.job import Job, Report, TrainingError


def curve(params, epoch: int) -> float:
    """A validation AUC that rises with the epoch, best near lr = 1e-2."""
    best = 0.9 - 0.05 * abs(math.log10(float(params["lr"])) + 2)
    return best - 0.3 * math.exp(-epoch / 3)


def train(job: Job, report: Report) -> None:
    """Epochs of `TOY_SECONDS` (environment); keeps its history in `last.pt` and reports it anew when resumed."""
    where = Path(job.directory)
    where.mkdir(parents=True, exist_ok=True)
    _note_node(where)
    history = json.loads((where / "last.pt").read_text()) if (where / "last.pt").exists() else []
    for epoch, metrics in history:
        report(epoch, metrics, str(where / "last.pt"))
    for epoch in range(len(history) + 1, job.max_epochs + 1):
        time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
        metrics = {"val_auc": curve(job.params, epoch), "train_loss": 1.0 / epoch, "images": 100.0 * epoch}
        history.append((epoch, metrics))
        half = where / ".last.pt"
        half.write_text(json.dumps(history))
        os.replace(half, where / "last.pt")
        (where / "best.pt").write_text(str(epoch))
        report(epoch, metrics, str(where / "last.pt"))


def _note_node(where: Path) -> None:
    import ray

    with (where / "nodes.txt").open("a") as file:
        file.write(ray.get_runtime_context().get_node_id() + "\n")


def faulty(job: Job, report: Report) -> None:
    """Trains, but for every fourth trial each: diverges, has a bug, loses its process at its first attempt."""
    where = Path(job.directory)
    kind = int(where.name) % 4
    if kind == 1:
        report(1, {"val_auc": 0.5}, None)
        raise TrainingError("The training loss became nan: this configuration diverged.")
    if kind == 2:
        raise KeyError("no such layer")
    if kind == 3 and not (where / "last.pt").exists():
        train(replace(job, max_epochs=1), report)
        os.kill(os.getpid(), signal.SIGKILL)
    train(job, report)


def on_a_full_disk(job: Job, report: Report) -> None:
    """Trains until trial 2 begins while a file `full` lies beside the trials: then the disk takes nothing more."""
    where = Path(job.directory)
    if (where.parents[2] / "full").exists() and int(where.name) >= 2:
        raise OSError(errno.ENOSPC, "No space left on device", str(where / "last.pt"))
    train(job, report)


def noop(job: Job, report: Report) -> None:
    """Ten reports of nothing."""
    for epoch in range(1, job.max_epochs + 1):
        report(epoch, {"val_auc": curve(job.params, epoch)}, None)


def two_seconds(job: Job, report: Report) -> None:
    """Two seconds on one core, in equal epochs."""
    for epoch in range(1, job.max_epochs + 1):
        end = time.perf_counter() + 2.0 / job.max_epochs
        while time.perf_counter() < end:
            pass
        report(epoch, {"val_auc": curve(job.params, epoch)}, None)


def train_group(job: Job, report: Report) -> None:
    """The toy on a process group: every rank takes part in each epoch, reports it and stops with the others."""
    import torch
    import torch.distributed as dist

    for epoch in range(1, job.max_epochs + 1):
        time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
        value = torch.tensor([curve(job.params, epoch)])
        dist.all_reduce(value)
        report(epoch, {"val_auc": float(value) / dist.get_world_size()}, None)
