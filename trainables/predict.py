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

from trainables.augmentation.parameters import Floats, uniforms
from trainables.augmentation.policies import policy
from trainables.devices.precision import prepare
from trainables.job import Job
from trainables.models.classifier import Classifier, fold_batch_norms, restore
from trainables.training import checkpoint
from trainables.training.loader import Images, Renderer, Rows
from trainables.training.step import probabilities

VIEWS_AT_ONCE = {"cpu": 32, "cuda": 512}  # views in one forward pass: beyond, a device gains nothing
PIXELS_AT_ONCE = 8 * 224**2  # and on a CPU, pixels of these views: more overflow a core's cache


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

    On a CPU each of `threads` threads scores images of its own: all of them sharing one small convolution wait for each
    other most of the time.

    `copies` > 1: copies augmented by the policy that the model was trained with; 1: the deterministic view. A copy's
    parameters depend on (seed, row, copy) alone, and every batch has the same shape, so that neither batches nor the
    number of devices change a score.
    """
    model, job = _model(str(path), Path(path).stat().st_mtime_ns)
    threads = threads or job.threads
    targets = [torch.device(name) for name in devices or _visible()]
    lanes = [device for device in targets for _ in range(threads if device.type == "cpu" else 1)]

    def score(share: Rows, device: torch.device) -> NDArray[np.float64]:
        return _score(model, job, images, share, copies, seed, device, 1 if device.type == "cpu" else threads)

    shares = np.array_split(rows, len(lanes))
    with ThreadPoolExecutor(len(lanes)) as pool:
        found = np.concatenate(list(pool.map(score, shares, lanes)))
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
    prepare(device, threads, precision=job.precision, repeatable=True)
    mine = copy.deepcopy(model).to(device) if device.type != "cpu" else model
    at_once = views_at_once(device, job.image_size)
    size = max(1, at_once // copies)  # images whose views are made together
    groups = [_whole_group(rows[start : start + size], size) for start in range(0, len(rows), size)]
    renderer = Renderer(images, job.image_size, threads, device)
    chosen, u = (policy(job.augmentation), _copies(groups, copies, seed)) if copies > 1 else (None, None)
    try:
        batches = renderer.batches([np.repeat(group, copies) for group in groups], chosen, u)
        parts = (batch[start : start + at_once] for _, batch in batches for start in range(0, len(batch), at_once))
        found = [probabilities(mine, part, device)[:, -1] for part in parts]
    finally:
        renderer.close()
    return np.concatenate([np.empty(0), *found]).reshape(-1, copies)[: len(rows)]


def views_at_once(device: torch.device, size: int) -> int:
    """How many views of `size` × `size` pixels the network sees in one forward pass."""
    most = VIEWS_AT_ONCE[device.type]
    return max(1, min(most, PIXELS_AT_ONCE // size**2)) if device.type == "cpu" else most


def _visible() -> list[str]:
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def _copies(groups: Sequence[Rows], copies: int, seed: int) -> list[Floats]:
    return [np.concatenate([uniforms(copies, seed, "copies", row) for row in group]) for group in groups]


def _whole_group(rows: Rows, size: int) -> Rows:
    """The last group filled up: a batch of another shape may be summed in another order."""
    return np.pad(rows, (0, size - len(rows)), mode="edge")


@lru_cache(maxsize=1)
def _model(path: str, _changed: int) -> tuple[Classifier, Job]:
    model, job = load_model(path)
    fold_batch_norms(model)
    return model, job
