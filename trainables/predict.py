"""Scores of images: probabilities averaged over augmented copies, each image read once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.base.score_columns import SD, score_columns
from trainables.forward_pass import forward_pass
from trainables.job import Job
from trainables.models.classifier import Classifier, fold_batch_norms, restore
from trainables.training import checkpoint
from trainables.training.loader import Images, Rows
from trainables.training.step import probabilities


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Probabilities of `classes` per image: mean [n, classes] and standard deviation [n, classes] over the copies.

    `seconds`: what the pass over the images took, from decoded pixels to scores; `device`: on what.
    """

    classes: tuple[str, ...]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    copies: int
    seconds: float
    device: str

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """As columns [n] of a table: of two classes the last one's `score` and `score_sd`, of more those of each."""
        kept = slice(1, None) if len(self.classes) == 2 else slice(None)
        means = zip(score_columns(self.classes), self.mean.T[kept], strict=True)
        return {**dict(means), **dict(zip(score_columns(self.classes, SD), self.sd.T[kept], strict=True))}


def load_model(path: str | Path, device: str = "cpu") -> tuple[Classifier, Job]:
    """The trained classifier of a checkpoint, in evaluation mode, and the job that trained it."""
    model, job = restore(checkpoint.load(path))
    return model.to(device), job


def predict(
    path: str,
    images: Images,
    rows: Rows,
    *,
    copies: int,
    seed: int,
    devices: Sequence[str] = (),
    threads: int | None = None,
) -> Scores:
    """Scores of these rows by the checkpoint at `path`, shared out over `devices` (none named: all GPUs, or the CPU).

    `copies`, `seed` and `threads` are those of `forward_pass`.
    """
    model, job, classes = _model(str(path), Path(path).stat().st_mtime_ns)
    on = [torch.device(name) for name in devices or _visible()]
    threads = threads or job.threads
    started = time.monotonic()
    values = forward_pass(
        model,
        images,
        rows,
        probabilities,
        job=job,
        copies=copies,
        seed=seed,
        devices=on,
        threads=threads,
    )
    seconds = time.monotonic() - started
    each = of_each_class(values, len(classes))
    return Scores(
        classes=classes,
        mean=np.column_stack([of_class.mean(axis=1) for of_class in each]),
        sd=np.column_stack([of_class.std(axis=1) for of_class in each]),
        copies=copies,
        seconds=seconds,
        device=_in_words(on, threads),
    )


def of_each_class(values: NDArray[np.float64], classes: int) -> list[NDArray[np.float64]]:
    """Probabilities [n, copies, classes] as one array [n, copies] a class, each contiguous: sums over the copies are
    then the same to the last bit, whatever the number of classes."""
    if len(values) == 0:
        return [np.empty((0, 1)) for _ in range(classes)]
    return [np.ascontiguousarray(values[:, :, index]) for index in range(classes)]


def _in_words(devices: Sequence[torch.device], threads: int) -> str:
    if devices[0].type == "cpu":
        return f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    return f"{len(devices)} × {torch.cuda.get_device_name(devices[0])}"


def _visible() -> list[str]:
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


@lru_cache(maxsize=1)
def _model(path: str, _changed: int) -> tuple[Classifier, Job, tuple[str, ...]]:
    found = checkpoint.load(path)
    model, job = restore(found)
    fold_batch_norms(model)
    return model, job, tuple(found["classes"])
