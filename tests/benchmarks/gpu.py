"""On a GPU: fine-tuning and test-time augmentation of ResNet-50 at 224 px, data included, against the network alone.

Needs torch, timm and this repository, nothing else: no Ray, no MLflow, no data.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.images import cached, described, jpegs
from tests.benchmarks.models import model, saved
from tests.benchmarks.pairs import in_turns, ratios
from trainables.augmentation.parameters import uniforms
from trainables.augmentation.policies import policy
from trainables.devices.precision import autocast_dtype, prepare
from trainables.forward_pass import VIEWS_AT_ONCE
from trainables.models.classifier import fold_batch_norms
from trainables.predict import predict
from trainables.training.loader import Renderer
from trainables.training.step import Stepper, probabilities

SIZE, BATCH, COPIES, THREADS = 224, 128, 50, 4


def run(short: bool) -> dict:
    """Images per second of both, and their share of the limit."""
    title = "ResNet-50 at 224 px on a GPU, data included"
    if not torch.cuda.is_available():
        return {
            "title": title,
            "rows": [{"what": "fine-tuning and TTA on a GPU", "images/s": "not measured: no GPU here"}],
            "note": "These numbers are missing. `python -m tests.benchmarks gpu` measures them where CUDA is present.",
        }
    device = torch.device("cuda")
    with tempfile.TemporaryDirectory() as name:
        store = _Repeated(cached(jpegs("600×450", 24, Path(name)), 258))
        return {
            "title": title,
            "rows": measure("resnet50", SIZE, store, device, Path(name), 10 if short else 50, 5 if short else 9),
            "note": f"{torch.cuda.get_device_name()}, {autocast_dtype(device)}, batch {BATCH}, {THREADS} threads, "
            f"{COPIES} copies. {described()}. Limits: forward, backward and SGD on one batch that stays on the GPU; "
            "forward on one batch of views that stays there.",
        }


def measure(
    backbone: str, size: int, store: _Repeated, device: torch.device, folder: Path, batches: int, turns: int
) -> list[dict]:
    """One row for training, one for test-time augmentation."""
    prepare(device, THREADS)
    rows = []
    for what, images, ways in (
        ("fine-tuning", batches * BATCH, _training(backbone, size, store, device, batches)),
        (f"TTA-{COPIES}, views", 2 * batches * COPIES, _copies(backbone, size, store, device, folder, 2 * batches)),
    ):
        spent = in_turns({name: _waited(work, device) for name, work in ways.items()}, turns)
        share = ratios(spent["limit"], spent["ours"])
        rows.append(
            {
                "what": what,
                "images/s": images / statistics.median(spent["ours"]),
                "limit, images/s": images / statistics.median(spent["limit"]),
                "share of the limit": f"{statistics.median(share):.0%} ({share[0]:.0%}–{share[-1]:.0%})",
            }
        )
    return rows


def _training(backbone: str, size: int, store: _Repeated, device: torch.device, batches: int) -> dict:
    made = model(backbone, size).to(device).train()
    fused = device.type == "cuda"
    stepper = Stepper(made, torch.optim.SGD(made.parameters(), lr=0.01, momentum=0.9, fused=fused), device)
    renderer = Renderer(store, size, THREADS, device)
    draws = np.random.default_rng(0)
    groups = [draws.permutation(len(store))[:BATCH] for _ in range(batches)]
    labels = draws.integers(0, 2, BATCH)
    resident = torch.zeros(BATCH, size, size, 3, dtype=torch.uint8, device=device)

    def ours() -> None:
        u = [uniforms(BATCH, "benchmark", index) for index in range(batches)]
        for _, images in renderer.batches(groups, policy("published"), u):
            stepper.step(images, labels)

    def limit() -> None:
        for _ in range(batches):
            stepper.step(resident, labels)

    return {"ours": ours, "limit": limit}


def _copies(backbone: str, size: int, store: _Repeated, device: torch.device, folder: Path, images: int) -> dict:
    made = model(backbone, size)
    path = saved(made, backbone, size, folder, THREADS)
    made = made.to(device).eval()
    fold_batch_norms(made)
    at_once = VIEWS_AT_ONCE[device.type] // COPIES * COPIES or COPIES
    resident = torch.zeros(at_once, size, size, 3, dtype=torch.uint8, device=device)

    def limit() -> None:
        for _ in range(0, images * COPIES, at_once):
            probabilities(made, resident, device)

    return {
        "ours": lambda: predict(path, store, np.arange(images), copies=COPIES, seed=0, devices=[str(device)]),
        "limit": limit,
    }


def _waited(work: Callable[[], object], device: torch.device) -> Callable[[], None]:
    def done() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return done


class _Repeated:
    """A few images, over and over: as many rows as a data set has."""

    def __init__(self, images: list[np.ndarray], rows: int = 4096) -> None:
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: int) -> np.ndarray:
        return self._images[row % len(self._images)]
