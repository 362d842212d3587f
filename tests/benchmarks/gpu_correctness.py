"""That a device computes what the CPU computes: losses of pre-training, losses of fine-tuning, probabilities."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from tests.benchmarks.models import model
from trainables.devices.precision import prepare
from trainables.ssl import losses
from trainables.training.step import Stepper, probabilities

CPU = torch.device("cpu")
STEPS, BATCH, WIDTH = 10, 16, 128


def rows(backbones: Sequence[str], size: int, device: torch.device) -> list[dict]:
    """The largest relative difference of each, in float32 on both (TF32 is off: it is the device's own rounding)."""
    found = [{"what": "losses of pre-training", "largest relative difference": _pre_training(device)}]
    for backbone in backbones:
        trained, scored = _fine_tuning(backbone, size, device)
        found.append(
            {"what": f"{backbone}, {size} px: losses of {STEPS} steps", "largest relative difference": trained}
        )
        found.append(
            {"what": f"{backbone}, {size} px: probabilities after them", "largest relative difference": scored}
        )
    return found


def _pre_training(device: torch.device) -> float:
    """Over SimCLR's, MoCo's, SwAV's, Barlow Twins' and VICReg's, on the same random embeddings."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.nn.functional.normalize(torch.randn(64, WIDTH, generator=generator), dim=1) for _ in range(2))
    worst = 0.0
    for make in (
        lambda: losses.nt_xent(0.1),
        lambda: losses.swapped_prediction(0.1),
        losses.barlow_twins,
        losses.vicreg,
    ):
        values = []
        for where in (CPU, device):
            x, y = a.to(where), b.to(where)
            loss = make().to(where)
            values.append(float(loss([x], [y]) if isinstance(loss, losses.SwaVLoss) else loss(x, y)))
        worst = max(worst, _difference(*values))
    return worst


def _fine_tuning(backbone: str, size: int, device: torch.device) -> tuple[float, float]:
    draws = np.random.default_rng(0)
    images = draws.integers(0, 255, (BATCH, size, size, 3), dtype=np.uint8)
    labels = draws.integers(0, 2, BATCH)
    start = model(backbone, size)
    trained, scores = [], []
    for where in (CPU, device):
        prepare(where, torch.get_num_threads(), precision="float32", repeatable=True)
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        made = copy.deepcopy(start).to(where).train()
        stepper = Stepper(made, torch.optim.SGD(made.parameters(), lr=1e-3), where)
        trained.append([float(stepper.step(images, labels)) for _ in range(STEPS)])
        scores.append(probabilities(made.eval(), images, where))
    prepare(device, torch.get_num_threads())
    worst = max(_difference(a, b) for a, b in zip(*trained, strict=True))
    return worst, float(np.abs(scores[0] / scores[1] - 1).max())


def _difference(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), 1e-12)
