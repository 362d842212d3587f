"""Forward passes over images: views are made one batch ahead, and no value depends on how images are shared out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.augmentation.parameters import Floats, uniforms
from trainables.augmentation.policies import policy
from trainables.devices.precision import prepare
from trainables.job import Job
from trainables.models.classifier import Classifier
from trainables.training.loader import Batch, Images, Renderer, Rows

VIEWS_AT_ONCE = {"cpu": 32, "cuda": 512}  # views in one forward pass: beyond, a device gains nothing
PIXELS_AT_ONCE = 8 * 224**2  # and on a CPU, pixels of these views: more overflow a core's cache

Read = Callable[[Classifier, Batch, torch.device], NDArray[Any]]
"""`read(model, views, device)`: one value (a number or an array) for each view."""


def forward_pass(
    model: Classifier,
    images: Images,
    rows: Rows,
    read: Read,
    *,
    job: Job,
    copies: int,
    seed: int,
    devices: Sequence[torch.device],
    threads: int,
) -> NDArray[Any]:
    """[n, copies, …]: what `read` gives for the copies of each row ([0, copies] for none); the model is in evaluation
    mode.

    On a CPU each of `threads` threads takes images of its own: all of them sharing one small convolution wait for each
    other most of the time. `copies` > 1: copies augmented by the policy that the job trains with; 1: the deterministic
    view. A copy's parameters depend on (seed, row, copy) alone, and every batch has the same shape, so that neither
    batches nor the number of devices change a value.
    """
    if len(rows) == 0:
        return np.empty((0, copies))
    lanes = [device for device in devices for _ in range(threads if device.type == "cpu" else 1)]

    def run(share: Rows, device: torch.device) -> NDArray[Any]:
        own_threads = 1 if device.type == "cpu" else threads
        return _run(model, job, images, share, read, copies, seed, device, own_threads)

    shares = [share for share in np.array_split(rows, len(lanes)) if len(share)]
    with ThreadPoolExecutor(len(lanes)) as pool:
        return np.concatenate(list(pool.map(run, shares, lanes)))


def _run(
    model: Classifier,
    job: Job,
    images: Images,
    rows: Rows,
    read: Read,
    copies: int,
    seed: int,
    device: torch.device,
    threads: int,
) -> NDArray[Any]:
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
        values = np.concatenate([read(mine, part, device) for part in parts])
    finally:
        renderer.close()
    return values.reshape(-1, copies, *values.shape[1:])[: len(rows)]


def views_at_once(device: torch.device, size: int) -> int:
    """How many views of `size` × `size` pixels the network sees in one forward pass."""
    most = VIEWS_AT_ONCE[device.type]
    return max(1, min(most, PIXELS_AT_ONCE // size**2)) if device.type == "cpu" else most


def _copies(groups: Sequence[Rows], copies: int, seed: int) -> list[Floats]:
    return [np.concatenate([uniforms(copies, seed, "copies", row) for row in group]) for group in groups]


def _whole_group(rows: Rows, size: int) -> Rows:
    """The last group filled up: a batch of another shape may be summed in another order."""
    return np.pad(rows, (0, size - len(rows)), mode="edge")
