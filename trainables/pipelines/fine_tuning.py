"""Fine-tuning: steps on augmented views, deterministic validation, early stopping, resumable at every epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]

from datasets.base.seeds import seed
from trainables.augmentation.parameters import Floats, uniforms
from trainables.augmentation.policies import Policy, policy
from trainables.devices.precision import pick_device, prepare
from trainables.encoders.build import with_drop_path
from trainables.job import Job, Report, TrainingError
from trainables.models.adapters import merged
from trainables.models.classifier import Classifier, classifier, state
from trainables.pipelines.pipeline import Pipeline, all_weights
from trainables.training import checkpoint, distributed
from trainables.training.history import History, find_last
from trainables.training.hyperparameters import Settings
from trainables.training.loader import Batch, Renderer, Rows
from trainables.training.microbatching import parts_that_fit
from trainables.training.objectives import OBJECTIVES, validate
from trainables.training.optimizers import optimizer
from trainables.training.sampling import epoch_order, groups
from trainables.training.schedule import Schedule
from trainables.training.step import Stepper, mean_loss, probabilities, wrap
from trainables.training.task_data import TaskData

VALIDATION_BATCH = 256
Make = Callable[[bool], Classifier]
"""`make(initial)`: the classifier with its first weights, or (False) with weights that a checkpoint will fill."""


class Inputs(Protocol):
    """What the trained model reads: views of images (`Renderer`), or what a frozen encoder made of them."""

    def batch(self, rows: Rows, policy: Policy | None, u: Floats | None) -> NDArray[Any]: ...

    def batches(
        self, groups: Sequence[Rows], policy: Policy | None, u: Sequence[Floats] | None
    ) -> Iterator[tuple[Rows, Batch]]: ...

    def close(self) -> None: ...


class FineTuning:
    """One job's fine-tuning. `run` trains to the end and reports every epoch once.

    `inputs`: what the model reads instead of views; it then lies in memory already, so that batches are never cut.
    `whole(model)`: the classifier of images that is kept of a trained model.
    """

    def __init__(
        self,
        job: Job,
        data: TaskData,
        make: Make,
        device: str | None = None,
        *,
        inputs: Inputs | None = None,
        whole: Callable[[Classifier], Classifier] = merged,
    ) -> None:
        self._job, self._data, self._settings = job, data, Settings.of(job.params)
        self._device = pick_device(device)
        prepare(self._device, job.threads, precision=job.precision)
        self._history = History(maximise=OBJECTIVES.get(job.objective).maximize)
        last = find_last(job, data.digest)
        torch.manual_seed(seed(job.seed, "initial"))
        self._model = make(last is None).to(self._device)
        self._whole = whole
        batch = min(self._settings.batch_size, len(data.training.rows))
        parts = parts_that_fit(self._model, batch, job.image_size, self._device) if inputs is None else 1
        self._trained = wrap(self._model, self._device)
        self._average = ModelEmaV3(self._model, decay=self._settings.ema) if self._settings.ema else None
        self._optimiser = optimizer(self._trained, self._model, self._settings, self._device)
        self._schedule = Schedule(self._optimiser, self._settings, job.max_epochs)
        self._stepper = Stepper(
            self._trained,
            self._optimiser,
            self._device,
            parts=parts,
            label_smoothing=self._settings.label_smoothing,
            mixup=self._settings.mixup,
        )
        self._inputs = inputs or Renderer(data.images, job.image_size, job.threads, self._device)
        self._validation = self._inputs.batch(data.validation.rows, None, None)
        if last is not None:
            self._restore(last)

    def run(self, report: Report) -> None:
        """Train from where the last checkpoint ends. Raises `TrainingError` when the configuration itself fails."""
        last = str(Path(self._job.directory) / checkpoint.LAST)
        try:
            self._history.repeat(report, last)
            while not self._history.over(self._job.max_epochs, self._settings.patience):
                found = self._epoch(len(self._history.epochs) + 1)
                self._advance(found)
                report(len(self._history.epochs), found, last)
        finally:
            self._inputs.close()

    def _epoch(self, epoch: int) -> dict[str, float]:
        started = time.monotonic()
        torch.manual_seed(seed(self._job.seed, "epoch", epoch, distributed.rank()))
        lr = max(float(group["lr"]) for group in self._optimiser.param_groups)
        train_loss, seen = self._train(epoch)
        spent = time.monotonic() - started
        scores = self._validate()
        values = validate(self._job.objective, self._data.validation.labels, scores)
        self._schedule.step(values["val_loss"])
        before = self._history.epochs[-1]["images"] if self._history.epochs else 0.0
        return {
            "train_loss": train_loss,
            **values,
            "lr": lr,
            "images": before + seen,
            "images_per_second": seen / spent,
            "seconds": time.monotonic() - started,
            "device_memory_mb": _device_memory(self._device),
        }

    def _train(self, epoch: int) -> tuple[float, int]:
        """One pass; mean loss over all batches and workers, and how many images all of them saw."""
        self._trained.train()
        if self._settings.freeze_bn:
            self._model.freeze_batch_norm()
        part, rank, workers = self._data.training, distributed.rank(), distributed.world()
        order = epoch_order(part.labels, balanced=self._settings.balanced, seed=self._job.seed, epoch=epoch)
        # Batches of places in the order: a balanced order draws some images twice, and each draw has its own view.
        batches = groups(np.arange(len(order)), self._settings.batch_size, workers)
        mine = [batch[rank::workers] for batch in batches]
        u = uniforms(len(order), self._job.seed, "views", epoch)
        views = self._inputs.batches(
            [part.rows[order[own]] for own in mine], policy(self._job.augmentation), [u[own] for own in mine]
        )
        losses = []
        for whole, own, (_, images) in zip(batches, mine, views, strict=True):
            losses.append(self._stepper.step(images, part.labels[order[own]], whole=len(whole)))
            if self._average is not None:
                self._average.update(self._model)
        return float(np.mean(distributed.gather(mean_loss(losses)))), sum(map(len, batches))

    def _validate(self) -> NDArray[np.float64]:
        """Probabilities [n, classes] of the validation images, each worker scoring its share."""
        model = self._kept.eval()
        images, classes = self._validation, len(self._data.classes)
        share = np.array_split(np.arange(len(images)), distributed.world())[distributed.rank()]
        found = [np.empty((0, classes))] + [
            probabilities(model, images[share[start : start + VALIDATION_BATCH]], self._device)
            for start in range(0, len(share), VALIDATION_BATCH)
        ]
        scores = np.concatenate(distributed.gather(np.concatenate(found)))
        if not np.isfinite(scores).all():
            raise TrainingError("Validation scores are finite, but those of this configuration are not: it diverged.")
        return scores

    def _advance(self, found: dict[str, float]) -> None:
        """Take an epoch's result in, and make it durable before anyone hears of it."""
        value = found[self._job.objective]
        better = self._history.add(found, value)
        if distributed.rank() == 0:
            directory = Path(self._job.directory)
            if better:
                checkpoint.save(directory / checkpoint.BEST, self._best(value))
            checkpoint.save(directory / checkpoint.LAST, self._last())
        distributed.barrier()

    def _best(self, value: float) -> dict[str, Any]:
        return {
            "model": state(self._whole(self._kept)),
            "job": self._job.to_json(),
            "classes": list(self._data.classes),
            "epoch": len(self._history.epochs),
            "value": value,
        }

    def _last(self) -> dict[str, Any]:
        return {
            "model": state(self._model),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "stepper": self._stepper.state_dict(),
            "history": self._history.state_dict(),
            "job": self._job.to_json(),
            "images": self._data.digest,
            "average": {} if self._average is None else state(self._average.module),
        }

    def _restore(self, last: dict[str, Any]) -> None:
        self._model.load_state_dict(last["model"])
        self._optimiser.load_state_dict(last["optimiser"])
        self._schedule.load_state_dict(last["schedule"])
        self._stepper.load_state_dict(last["stepper"])
        self._history.load_state_dict(last["history"])
        if self._average is not None:
            self._average.module.load_state_dict(last["average"])

    @property
    def _kept(self) -> Classifier:
        """What is validated and kept: the average of the weights where one is taken."""
        return self._model if self._average is None else self._average.module


def _device_memory(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0


def initial_classifier(job: Job, data: TaskData, initial: bool) -> Classifier:
    """The classifier that a job starts from, with the stochastic depth that its parameters ask for."""
    model = classifier(job.encoder, job.backbone, job.image_size, len(data.classes), initial)
    rate = Settings.of(job.params).drop_path
    if rate:
        model.encoder = with_drop_path(model.encoder, job.backbone, job.image_size, rate)
    return model.to(memory_format=torch.channels_last)


def fine_tune(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`ft`: fine-tune all weights."""

    def make(initial: bool) -> Classifier:
        return initial_classifier(job, data, initial)

    FineTuning(job, data, make, device).run(report)


FT = Pipeline(run=fine_tune, space="ft", trained=all_weights, check=Settings.of)
