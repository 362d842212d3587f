"""One optimisation step: autocast, loss scaling, and accumulation when a batch does not fit."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainables import distributed
from trainables.job import TrainingError
from trainables.loader import Batch
from trainables.precision import autocast, autocast_dtype


class Stepper:
    """Steps a model over batches. The meaning of a batch never changes: one that does not fit on the device is run in
    halves (quarters, …) whose gradients add up, and later batches start from that size."""

    def __init__(self, model: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device) -> None:
        self._model = model
        self._optimiser = optimiser
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type, enabled=autocast_dtype(device) is torch.float16)
        self._micro: int | None = None

    def step(self, images: Batch, labels: NDArray[np.int64], share: float = 1.0) -> float:
        """Mean cross-entropy (nats) of the batch before the step, times `share`.

        `share` is how many times a worker's mean share of the whole batch these images are, so that the mean over the
        workers, of losses and gradients alike, is the whole batch's. Raises `TrainingError` when it is not finite.
        """
        while True:
            try:
                loss = self._try(images, labels, share)
                break
            except torch.OutOfMemoryError as error:
                size = self._micro or len(images)
                if size <= 2:
                    raise TrainingError(f"Not even {size} images fit on {self._device}: use smaller ones.") from error
                self._micro = (size + 1) // 2
                torch.cuda.empty_cache()
        if not math.isfinite(loss):
            raise TrainingError(f"The training loss became {loss}: this configuration diverged.")
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return loss

    def _try(self, images: Batch, labels: NDArray[np.int64], share: float) -> float:
        self._optimiser.zero_grad(set_to_none=True)
        total, count = 0.0, len(images)
        size = self._micro or count
        for start in range(0, count, size):
            x = torch.as_tensor(images[start : start + size]).to(self._device, non_blocking=True)
            y = torch.from_numpy(labels[start : start + size]).to(self._device, non_blocking=True)
            with autocast(self._device):
                logits = self._model(x)
            loss = nn.functional.cross_entropy(logits.float(), y, reduction="sum") * (share / count)
            self._scaler.scale(loss).backward()
            total += float(loss.detach())
        return total


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
