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

from trainables.forward_pass import forward_pass
from trainables.job import Job
from trainables.models.classifier import Classifier, fold_batch_norms, restore
from trainables.training import checkpoint
from trainables.training.loader import Images, Rows
from trainables.training.step import probabilities


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Probability of the positive (last) class per image: mean [n] and standard deviation [n] over the copies.

    `seconds`: what the pass over the images took, from decoded pixels to scores; `device`: on what.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    copies: int
    seconds: float
    device: str


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
    model, job = _model(str(path), Path(path).stat().st_mtime_ns)
    on = [torch.device(name) for name in devices or _visible()]
    threads = threads or job.threads
    started = time.monotonic()
    values = forward_pass(
        model,
        images,
        rows,
        lambda mine, views, device: probabilities(mine, views, device)[:, -1],
        job=job,
        copies=copies,
        seed=seed,
        devices=on,
        threads=threads,
    )
    return Scores(
        mean=values.mean(axis=1),
        sd=values.std(axis=1),
        copies=copies,
        seconds=time.monotonic() - started,
        device=_in_words(on, threads),
    )


def _in_words(devices: Sequence[torch.device], threads: int) -> str:
    if devices[0].type == "cpu":
        return f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    return f"{len(devices)} × {torch.cuda.get_device_name(devices[0])}"


def _visible() -> list[str]:
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


@lru_cache(maxsize=1)
def _model(path: str, _changed: int) -> tuple[Classifier, Job]:
    model, job = load_model(path)
    fold_batch_norms(model)
    return model, job
