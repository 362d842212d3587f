"""Scores of images: probabilities averaged over augmented copies, each image read once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainables import checkpoint
from trainables.augment import Floats, uniforms
from trainables.job import Job
from trainables.loader import Images, Renderer, Rows
from trainables.model import Classifier, restore
from trainables.policies import policy
from trainables.precision import prepare
from trainables.step import probabilities

VIEWS_AT_ONCE = {"cpu": 32, "cuda": 512}  # views in one batch: what fills a core's cache, or a GPU


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Probability of the positive (last) class per image: mean [n] and standard deviation [n] over the copies."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    copies: int


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

    `copies` > 1: copies augmented by the policy that the model was trained with; 1: the deterministic view. A copy's
    parameters depend on (seed, row, copy) alone, and every batch has the same shape, so that neither batches nor the
    number of devices change a score.
    """
    model, job = _model(str(path), Path(path).stat().st_mtime_ns)
    targets = [torch.device(name) for name in devices or _visible()]

    def score(share: Rows, device: torch.device) -> NDArray[np.float64]:
        return _score(model, job, images, share, copies, seed, device, threads or job.threads)

    shares = np.array_split(rows, len(targets))
    with ThreadPoolExecutor(len(targets)) as pool:
        found = np.concatenate(list(pool.map(score, shares, targets)))
    return Scores(mean=found.mean(axis=1), sd=found.std(axis=1), copies=copies)


def _score(
    model: Classifier,
    job: Job,
    images: Images,
    rows: Rows,
    copies: int,
    seed: int,
    device: torch.device,
    threads: int,
) -> NDArray[np.float64]:
    """[n, copies] probabilities of the positive class."""
    prepare(device, threads, repeatable=True)
    mine = copy.deepcopy(model).to(device) if device.type != "cpu" else model
    size = max(1, VIEWS_AT_ONCE[device.type] // copies)
    groups = [_whole_group(rows[start : start + size], size) for start in range(0, len(rows), size)]
    renderer = Renderer(images, job.image_size, threads, device)
    chosen, u = (policy(job.augmentation), _copies(groups, copies, seed)) if copies > 1 else (None, None)
    try:
        batches = renderer.batches([np.repeat(group, copies) for group in groups], chosen, u)
        found = [probabilities(mine, batch, device)[:, -1] for _, batch in batches]
    finally:
        renderer.close()
    return np.concatenate([np.empty(0), *found]).reshape(-1, copies)[: len(rows)]


def _visible() -> list[str]:
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def _copies(groups: Sequence[Rows], copies: int, seed: int) -> list[Floats]:
    return [np.concatenate([uniforms(copies, seed, "copies", row) for row in group]) for group in groups]


def _whole_group(rows: Rows, size: int) -> Rows:
    """The last group filled up: a batch of another shape may be summed in another order."""
    return np.pad(rows, (0, size - len(rows)), mode="edge")


@lru_cache(maxsize=1)
def _model(path: str, _changed: int) -> tuple[Classifier, Job]:
    return load_model(path)
