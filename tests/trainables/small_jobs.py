"""A training that takes a second: drawn stripes of two kinds, and the job that tells them apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from datasets.base.manifest import DataRef
from datasets.base.seeds import rng
from trainables.devices import precision
from trainables.job import EncoderRef, Job, Report, TrainingData
from trainables.models.classifier import Classifier
from trainables.pipelines.fine_tuning import FineTuning, initial_classifier
from trainables.training.task_data import LabelledRows, TaskData

SIZE = 32
PARAMS: dict[str, Any] = {
    "lr": 0.05,
    "weight_decay": 1e-4,
    "momentum": 0.9,
    "batch_size": 12,
    "schedule": "plateau",
    "balanced": False,
    "patience": 22,
    "freeze_bn": False,
}


def compute_in_float32() -> None:
    """For processes that a test starts: as the fixture `float32`."""
    precision.pays_on_this_cpu = lambda: False


def picture(index: int, label: int) -> np.ndarray:
    """Horizontal (0) or vertical (1) stripes under noise; 36 × 40 pixels. Flips and small turns keep the kind."""
    random = rng("stripes", index)
    y, x = np.mgrid[:36, :40]
    wave = np.sin((x if label else y) * random.uniform(0.9, 1.2) + random.uniform(0, 6))
    image = 128 + 60 * wave[..., None] + random.normal(0, 40, (36, 40, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def task(training: int = 45, validation: int = 24, positives: float = 0.5) -> TaskData:
    """`positives`: the share of vertical stripes among the training images."""
    labels = np.concatenate([np.arange(training) < training * positives, np.arange(validation) % 2]).astype(np.int64)
    rows = np.arange(len(labels), dtype=np.int64)
    return TaskData(
        images=[picture(index, label) for index, label in enumerate(labels)],
        training=LabelledRows(rows=rows[:training], labels=labels[:training]),
        validation=LabelledRows(rows=rows[training:], labels=labels[training:]),
        classes=("horizontal", "vertical"),
    )


def job(directory: Path | str, *, pipeline: str = "ft", epochs: int = 4, **changes: Any) -> Job:
    """A job; names of parameters among `changes` change those."""
    params = {**PARAMS, **{name: changes.pop(name) for name in list(changes) if name in PARAMS}}
    fields: dict[str, Any] = {
        "encoder": EncoderRef(name="random"),
        "pipeline": pipeline,
        "backbone": "test_resnet",
        "image_size": SIZE,
        "params": params,
        "data": TrainingData(ref=DataRef(source="stripes"), split_file="", short_side=36),
        "max_epochs": epochs,
        "objective": "val_auc",
        "seed": 7,
        "directory": str(directory),
        "stages": "",
        "augmentation": "none",
    }
    return Job(**{**fields, **changes})


def fine_tune(job: Job, data: TaskData | None = None, report: Report | None = None) -> list[dict[str, float]]:
    """Train on the CPU; metrics of every epoch reported, in order."""
    data = data or task()

    def make(initial: bool) -> Classifier:
        return initial_classifier(job, data, initial)

    heard: list[dict[str, float]] = []

    def listen(epoch: int, metrics: Any, checkpoint: str | None) -> None:
        heard.append(dict(metrics))
        if report is not None:
            report(epoch, metrics, checkpoint)

    FineTuning(job, data, make, "cpu").run(listen)
    return heard


def without_clock(epochs: list[dict[str, float]]) -> list[dict[str, float]]:
    """What must repeat: all but how long it took."""
    return [{k: v for k, v in epoch.items() if k not in ("seconds", "images_per_second")} for epoch in epochs]


def other(job: Job, **changes: Any) -> Job:
    """The job with changed fields."""
    return dataclasses.replace(job, **changes)
