"""The training step against PyTorch's defaults, on batches that are there already; and that both learn the same."""

from __future__ import annotations

import copy
import os
import statistics

import numpy as np
import torch
from torch import nn

from tests.benchmarks.models import model
from tests.benchmarks.pairs import in_turns, ratios, times
from trainables.devices.precision import autocast_dtype, prepare
from trainables.training.step import Stepper

DEVICE = torch.device("cpu")
CASES = (("resnet18", 64, 32), ("resnet18", 224, 8), ("resnet50", 64, 16), ("resnet50", 224, 4))


def run(short: bool) -> dict:
    """ResNet-18 and ResNet-50 at 64 and 224 px; short: the first at 64 and the second at 224."""
    cores = len(os.sched_getaffinity(0))
    prepare(DEVICE, cores)
    rows = [_row(*case, turns=5 if short else 15) for case in (CASES[::3] if short else CASES)]
    ours, theirs = _losses(10 if short else 50)
    worst = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    shown = range(0, len(ours), max(1, len(ours) // 10))
    return {
        "title": "Training step: forward, backward, SGD",
        "rows": rows,
        "note": f"{cores} threads; arithmetic chosen here: {autocast_dtype(DEVICE) or 'float32'} (bfloat16 where "
        "the CPU multiplies in it and a measurement shows that it pays). Default: float32, torch's default layout and "
        f"SGD. Losses of the first {len(ours)} steps of ResNet-18 at 64 px from the same weights on the same batches, "
        f"ours / default: {', '.join(f'{ours[i]:.4f} / {theirs[i]:.4f}' for i in shown)}; largest difference "
        f"{100 * worst:.2g} %.",
    }


def _row(backbone: str, size: int, batch: int, *, turns: int) -> dict:
    images, labels = _batch(size, batch, 0)
    ours, default = _ways(backbone, size)
    spent = in_turns({"default": lambda: default(images, labels), "ours": lambda: ours(images, labels)}, turns)
    return {
        "network": backbone,
        "px": size,
        "batch": batch,
        "default, images/s": batch / statistics.median(spent["default"]),
        "ours, images/s": batch / statistics.median(spent["ours"]),
        "against the default": times(ratios(spent["default"], spent["ours"])),
    }


def _ways(backbone: str, size: int):
    made = model(backbone, size).train()
    plain = _Plain(copy.deepcopy(made)).to(memory_format=torch.contiguous_format)
    stepper = Stepper(made, torch.optim.SGD(made.parameters(), lr=0.01, momentum=0.9), DEVICE)
    optimiser = torch.optim.SGD(plain.parameters(), lr=0.01, momentum=0.9)

    def default(images: np.ndarray, labels: np.ndarray) -> float:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(plain(torch.from_numpy(images)), torch.from_numpy(labels))
        loss.backward()
        optimiser.step()
        return loss.item()

    return stepper.step, default


class _Plain(nn.Module):
    """The same network on torch's default layout, without autocast."""

    def __init__(self, made: nn.Module) -> None:
        super().__init__()
        self.made = made

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images.permute(0, 3, 1, 2).float()
        return self.made.head(self.made.encoder(((x - self.made.mean) / self.made.std).contiguous()))


def _losses(steps: int) -> tuple[list[float], list[float]]:
    ours, default = _ways("resnet18", 64)
    batches = [_batch(64, 32, step) for step in range(steps)]
    return [float(ours(*batch)) for batch in batches], [default(*batch) for batch in batches]


def _batch(size: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise that is brighter in one class."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, 2, count)
    dark = draws.integers(0, 200, (count, size, size, 3), dtype=np.uint8)
    return dark + 50 * labels[:, None, None, None].astype(np.uint8), labels
