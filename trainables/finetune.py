"""Fine-tuning: SGD on augmented views, deterministic validation, early stopping, resumable at every epoch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

from datasets.seeds import seed
from trainables import checkpoint, distributed, metrics
from trainables.augment import policy, uniforms
from trainables.job import Job, Report, TrainingError
from trainables.loader import Renderer
from trainables.model import Classifier, state
from trainables.precision import pick_device, prepare
from trainables.sampling import epoch_order, groups
from trainables.step import Stepper, probabilities, wrap
from trainables.task import TaskData

VALIDATION_BATCH = 256
MIN_LR = 1e-5


@dataclass
class Progress:
    """How far a training is: what `last.pt` holds besides weights."""

    epoch: int = 0
    best: float | None = None
    stale: int = 0
    history: list[dict[str, float]] | None = None


class FineTuning:
    """One job's fine-tuning. `run` trains to the end and reports every epoch once."""

    def __init__(self, job: Job, data: TaskData, make: Callable[[bool], Classifier], device: str | None = None) -> None:
        self._job, self._data = job, data
        self._device = pick_device(device)
        prepare(self._device, job.threads)
        self._last, self._best = Path(job.directory) / "last.pt", Path(job.directory) / "best.pt"
        resumes = self._last.exists()
        torch.manual_seed(seed(job.seed, "initial"))
        self._model = make(not resumes).to(self._device)
        self._trained = wrap(self._model, self._device)
        self._optimiser = torch.optim.SGD(
            self._trained.parameters(),
            lr=float(job.params["lr"]),
            momentum=float(job.params["momentum"]),
            weight_decay=float(job.params["weight_decay"]),
            fused=True,
        )
        self._schedule = _schedule(job, self._optimiser)
        self._stepper = Stepper(self._trained, self._optimiser, self._device)
        self._renderer = Renderer(data.images, job.image_size, job.threads)
        self._validation = self._renderer.batch(data.validation.rows, None, None)
        self._progress = Progress(history=[])
        if resumes:
            self._restore()

    def run(self, report: Report) -> None:
        """Train from where the last checkpoint ends. Raises `TrainingError` when the configuration itself fails."""
        history = self._progress.history or []
        try:
            for epoch, found in enumerate(history, start=1):
                report(epoch, found, str(self._last))
            while self._progress.epoch < self._job.max_epochs and not self._exhausted():
                found = self._epoch(self._progress.epoch + 1)
                self._advance(found)
                report(self._progress.epoch, found, str(self._last))
        finally:
            self._renderer.close()

    def _exhausted(self) -> bool:
        return self._progress.stale >= int(self._job.params["patience"])

    def _epoch(self, epoch: int) -> dict[str, float]:
        started = time.monotonic()
        job, part = self._job, self._data.training
        torch.manual_seed(seed(job.seed, "epoch", epoch, distributed.rank()))
        self._trained.train()
        if job.params.get("freeze_bn"):
            self._model.freeze_batch_norm()
        balanced = bool(job.params["balanced"])
        batches = groups(
            epoch_order(part.labels, balanced=balanced, seed=job.seed, epoch=epoch), int(job.params["batch_size"])
        )
        mine = [batch[distributed.rank() :: distributed.world()] for batch in batches]
        u = uniforms(len(part.rows), job.seed, "views", epoch)
        losses, seen, lr = [], 0, self._optimiser.param_groups[0]["lr"]
        views = self._renderer.batches(
            [part.rows[batch] for batch in mine], policy(job.augmentation), [u[batch] for batch in mine]
        )
        for batch, (_, images) in zip(mine, views, strict=True):
            losses.append(self._stepper.step(images, part.labels[batch]))
            seen += len(batch)
        train_loss = float(np.mean(distributed.gather(float(np.mean(losses)))))
        seen = sum(distributed.gather(seen))
        spent = time.monotonic() - started
        val_loss, val_auc = self._validate()
        _step(self._schedule, val_loss)
        before = self._progress.history[-1]["images"] if self._progress.history else 0.0
        return {
            "train_loss": train_loss,
            "val_loss": val_loss,
            "val_auc": val_auc,
            "lr": float(lr),
            "images": before + seen,
            "images_per_second": seen / spent,
            "seconds": time.monotonic() - started,
            "device_memory_mb": _device_memory(self._device),
        }

    def _validate(self) -> tuple[float, float]:
        self._trained.eval()
        images, part = self._validation, self._data.validation
        share = np.array_split(np.arange(len(images)), distributed.world())[distributed.rank()]
        found = [
            probabilities(self._model, images[share[start : start + VALIDATION_BATCH]], self._device)
            for start in range(0, len(share), VALIDATION_BATCH)
        ]
        scores = np.concatenate(distributed.gather(np.concatenate(found)))
        if not np.isfinite(scores).all():
            raise TrainingError("Validation scores are not finite: this configuration diverged.")
        return metrics.cross_entropy(part.labels, scores), metrics.auc(part.labels, scores)

    def _advance(self, found: dict[str, float]) -> None:
        """Take an epoch's result in, and make it durable before anyone hears of it."""
        progress = self._progress
        value = found[self._job.objective]
        signed = value if self._job.objective == "val_auc" else -value
        better = progress.best is None or signed > progress.best
        progress.epoch += 1
        progress.stale = 0 if better else progress.stale + 1
        progress.best = signed if better else progress.best
        progress.history = [*(progress.history or []), found]
        if distributed.rank() == 0:
            if better:
                checkpoint.save(self._best, self._content(value))
            checkpoint.save(
                self._last,
                {
                    "model": state(self._model),
                    "optimiser": self._optimiser.state_dict(),
                    "schedule": self._schedule.state_dict(),
                    "progress": vars(progress),
                    "job": self._job.to_json(),
                },
            )
        distributed.barrier()

    def _content(self, value: float) -> dict[str, Any]:
        return {
            "model": state(self._model),
            "job": self._job.to_json(),
            "classes": list(self._data.classes),
            "epoch": self._progress.epoch,
            "value": value,
        }

    def _restore(self) -> None:
        found = checkpoint.load(self._last, str(self._device))
        if json.loads(found["job"]) != json.loads(self._job.to_json()):
            raise checkpoint.CheckpointError(
                f"{self._last} belongs to another configuration. Give each job a directory of its own."
            )
        self._model.load_state_dict(found["model"])
        self._optimiser.load_state_dict(found["optimiser"])
        self._schedule.load_state_dict(found["schedule"])
        self._progress = Progress(**found["progress"])


Schedule = lr_scheduler.ReduceLROnPlateau | lr_scheduler.CosineAnnealingLR


def _schedule(job: Job, optimiser: torch.optim.Optimizer) -> Schedule:
    """The published schedules: plateau (factor 0.1, patience 10) or cosine over all epochs, both down to 1e-5."""
    if job.params["schedule"] == "plateau":
        return lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=10, min_lr=MIN_LR)
    if job.params["schedule"] == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimiser, T_max=job.max_epochs, eta_min=MIN_LR)
    raise TrainingError(f"schedule is plateau or cosine, got {job.params['schedule']!r}. Correct the search space.")


def _step(schedule: Schedule, val_loss: float) -> None:
    if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
        schedule.step(val_loss)
    else:
        schedule.step()


def _device_memory(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0
