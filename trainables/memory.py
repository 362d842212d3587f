"""Batches that do not fit on a device: in how many parts to run them, alone or in a worker group."""

from __future__ import annotations

import copy

import torch
from torch import nn

from trainables import distributed
from trainables.job import TrainingError
from trainables.precision import autocast
from trainables.sampling import LEAST


def more_parts(parts: int, images: int, device: torch.device, error: torch.OutOfMemoryError) -> int:
    """Twice as many parts, for a batch that did not fit in `parts`. Raises `TrainingError` where they would be too
    small for batch norm."""
    most = images // LEAST
    if parts >= most:
        raise TrainingError(
            f"Not even {-(-images // parts)} images fit on {device}: use smaller ones or a smaller network."
        ) from error
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return min(2 * parts, most)


def parts_that_fit(model: nn.Module, images: int, image_size: int, device: torch.device) -> int:
    """In how many parts each worker of a group runs its `images` of a batch: as many as the neediest one needs.

    Call it on every worker, with the model as it is before `step.wrap`. Each tries alone, on a copy: one that runs out
    of memory within a common step leaves the others in a meeting to which it does not come. The copy and two more of
    the parameters stand for the gradients, their buckets and the momentum of the training to come. Without a group
    this is 1, because one process can try again at any time.
    """
    if not distributed.running():
        return 1
    found: int | str
    try:
        found = _alone(model, images, image_size, device)
    except TrainingError as error:
        found = str(error)
    everyones = distributed.gather(found)
    for needed in everyones:
        if isinstance(needed, str):
            raise TrainingError(needed)
    return max(everyones)


def _alone(model: nn.Module, images: int, image_size: int, device: torch.device) -> int:
    parts = 1
    while True:
        try:
            _one_part(model, -(-images // parts), image_size, device)
            return parts
        except torch.OutOfMemoryError as error:
            parts = more_parts(parts, images, device, error)


def _one_part(model: nn.Module, images: int, image_size: int, device: torch.device) -> None:
    tried = copy.deepcopy(model).train()
    stand_ins = [torch.empty_like(value) for value in model.parameters() for _ in range(2)]
    with autocast(device):
        logits = tried(torch.zeros(images, image_size, image_size, 3, dtype=torch.uint8, device=device))
    logits.float().sum().backward()
    del stand_ins
