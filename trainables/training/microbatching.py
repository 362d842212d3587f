"""Batches that do not fit on a device: in how many parts to run them, alone or in a worker group."""

from __future__ import annotations

import copy

import torch
from torch import nn

from trainables.augmentation.gpu_views import AT_ONCE
from trainables.devices.precision import autocast
from trainables.job import TrainingError
from trainables.training import distributed
from trainables.training.sampling import LEAST


def most_parts(images: int) -> int:
    """Into how many parts a batch can be cut: of two images each, because of batch norm, and one that is left over."""
    return max(1, -(-images // LEAST))


def more_parts(parts: int, images: int, device: torch.device, error: torch.OutOfMemoryError) -> int:
    """Twice as many parts, for a batch that did not fit in `parts`. Raises `TrainingError` where there are none."""
    most = most_parts(images)
    if parts >= most:
        raise TrainingError(
            f"Not even {-(-images // most)} images fit on {device}: use smaller ones or a smaller network."
        ) from error
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return min(2 * parts, most)


def parts_that_fit(model: nn.Module, whole: int, image_size: int, device: torch.device) -> int:
    """In how many parts each worker of a group runs its share of a batch of `whole` images: as many as the neediest one
    needs.

    Call it on every worker, with the model as it is before `step.wrap`. Each tries alone, on a copy: one that runs out
    of memory within a common step leaves the others in a meeting to which it does not come. Without a group this is 1,
    because one process can try again at any time.
    """
    if distributed.world() == 1:
        return 1
    found: int | str
    try:
        found = _alone(model, whole, image_size, device)
    except TrainingError as error:
        found = str(error)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)  # what the training reports is its own
    everyones = distributed.gather(found)
    for needed in everyones:
        if isinstance(needed, str):
            raise TrainingError(needed)
    return max(everyones)


def _alone(model: nn.Module, whole: int, image_size: int, device: torch.device) -> int:
    smallest, largest = whole // distributed.world(), -(-whole // distributed.world())
    parts = 1
    while True:
        try:
            _one_part(model, max(LEAST, -(-largest // parts)), image_size, device)
            return parts
        except torch.OutOfMemoryError as error:
            parts = more_parts(parts, smallest, device, error)


def _one_part(model: nn.Module, images: int, image_size: int, device: torch.device) -> None:
    tried = copy.deepcopy(model).train()
    held = _stand_ins(model, images, image_size, device)
    with autocast(device):
        logits = tried(torch.zeros(images, image_size, image_size, 3, dtype=torch.uint8, device=device))
    logits.float().sum().backward()
    del held


def _stand_ins(model: nn.Module, images: int, image_size: int, device: torch.device) -> list[torch.Tensor]:
    """As much memory as training needs beside the copy: with its gradients, two more of the trained parameters (buckets
    and momentum); on a GPU also four batches of views in float32, while they are made."""
    trained = [value for value in model.parameters() if value.requires_grad]
    held = [torch.empty_like(value) for value in trained for _ in range(2)]
    if device.type == "cuda":
        held.append(torch.empty(4, min(images, AT_ONCE), 3, image_size, image_size, device=device))
    return held
