"""One optimisation step: autocast, loss scaling, and accumulation when a batch does not fit."""

from __future__ import annotations

import errno
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainables.devices.precision import autocast, autocast_dtype
from trainables.job import TrainingError
from trainables.training import distributed
from trainables.training.loader import Batch
from trainables.training.microbatching import more_parts, most_parts

LOOK_EVERY = 50  # steps: to read a loss is to wait for the GPU, which then has nothing to do


class Stepper:
    """Steps a model over batches. The meaning of a batch never changes: one that does not fit on the device is run in
    2 (4, …) parts whose gradients add up, and later batches start from that many.

    `label_smoothing` and `mixup` are those of `Settings`; two images of a batch are mixed by one share, as in timm.
    `parts`: how many to start from. The workers of a group take the same (`microbatching.parts_that_fit`), because each
    part is a meeting of all of them.
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        device: torch.device,
        *,
        parts: int = 1,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
    ) -> None:
        self._model = model
        self._optimiser = optimiser
        self._device = device
        self._parts = parts
        self._smoothing, self._mixup = label_smoothing, mixup
        self._scaler = torch.amp.GradScaler(device.type, enabled=autocast_dtype(device) is torch.float16)
        self._look_every = 1 if device.type == "cpu" else LOOK_EVERY
        self._unchecked: list[torch.Tensor] = []

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint: the scale of a float16 loss, which later steps depend on (empty in other precisions)."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint. A device of another precision starts with a scale of its own."""
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)

    def step(self, images: Batch, labels: NDArray[np.int64], whole: int | None = None) -> torch.Tensor:
        """Mean cross-entropy (nats) of the batch before the step: a scalar on the device.

        In a worker group, these are one worker's images of a batch of `whole`, and loss and gradients are weighed so
        that their means over the workers are the whole batch's. Raises `TrainingError` when a loss is not finite: at
        once on the CPU, within `LOOK_EVERY` steps on a GPU, which works on while nobody looks. Raises `OSError`, which
        ends the group, when memory runs out in a group: a worker that tried again alone would wait for ever.
        """
        workers = distributed.world()
        whole = whole or len(images)
        while True:
            try:
                loss = self._try(images, labels, len(images) * workers / whole, most_parts(whole // workers))
                break
            except torch.OutOfMemoryError as error:
                if workers > 1:
                    reason = "ran out of memory, though a batch had fitted on trial: does another process use it?"
                    raise OSError(errno.ENOMEM, f"{self._device} {reason}") from error
                self._parts = more_parts(self._parts, len(images), self._device, error)
        self._unchecked.append(loss)
        if len(self._unchecked) >= self._look_every:
            mean_loss(self._unchecked)
            self._unchecked = []
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return loss

    def _try(self, images: Batch, labels: NDArray[np.int64], share: float, most: int) -> torch.Tensor:
        self._optimiser.zero_grad(set_to_none=True)
        total, count = torch.zeros((), device=self._device), len(images)
        for part in np.array_split(np.arange(count), min(self._parts, most)):
            own = slice(part[0], part[-1] + 1)
            x = torch.as_tensor(images[own]).to(self._device, non_blocking=True)
            y = torch.from_numpy(labels[own]).to(self._device, non_blocking=True)
            loss = self._loss(x, y) * (share / count)
            self._scaler.scale(loss).backward()
            total += loss.detach()
        return total

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies (nats) of images [n, H, W, 3] with labels [n]."""
        own = float(np.random.default_rng(_drawn()).beta(self._mixup, self._mixup)) if self._mixup else 1.0
        if own < 1:
            x = own * x.float() + (1 - own) * x.flip(0).float()
        with autocast(self._device):
            logits = self._model(x)
        loss = self._cross_entropy(logits.float(), y)
        return loss if own == 1 else own * loss + (1 - own) * self._cross_entropy(logits.float(), y.flip(0))

    def _cross_entropy(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(logits, y, reduction="sum", label_smoothing=self._smoothing)


def _drawn() -> int:
    """A seed out of torch's generator, which an epoch seeds."""
    return int(torch.randint(2**62, ()).item())


def mean_loss(losses: Sequence[torch.Tensor]) -> float:
    """Mean of the losses that steps returned. Raises `TrainingError` when one is not finite."""
    values = torch.stack(list(losses)).tolist()
    for value in values:
        if not math.isfinite(value):
            raise TrainingError(f"The training loss became {value}: this configuration diverged.")
    return math.fsum(values) / len(values)


@torch.inference_mode()
def probabilities(model: nn.Module, images: Batch, device: torch.device) -> NDArray[np.float64]:
    """Class probabilities [n, classes] of a batch; the model is in evaluation mode."""
    with autocast(device):
        logits = model(torch.as_tensor(images).to(device, non_blocking=True))
    found: NDArray[np.float64] = logits.double().softmax(dim=1).cpu().numpy()
    return found


def wrap(model: nn.Module, device: torch.device) -> nn.Module:
    """The model as a worker group trains it: gradients averaged, batch statistics shared where the device can."""
    if not distributed.running():
        return model
    if device.type == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return nn.parallel.DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)
