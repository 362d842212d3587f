"""What training needs to know of its worker group: one process unless `torch.distributed` runs."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist


def rank() -> int:
    """This process's place in the group, from 0."""
    return dist.get_rank() if running() else 0


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if running() else 1


def running() -> bool:
    """Whether this process is one of a group."""
    return dist.is_available() and dist.is_initialized()


def gather(value: Any) -> list[Any]:
    """Every worker's value, in the order of their ranks, on every worker."""
    if not running():
        return [value]
    found: list[Any] = [None] * world()
    dist.all_gather_object(found, value)
    return found


def barrier() -> None:
    """Wait for the others."""
    if running():
        dist.barrier()
