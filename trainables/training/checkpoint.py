"""Checkpoints: plain dictionaries of tensors and numbers, written whole or not at all."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from datasets.base.atomic_files import written_whole

LAST = "last.pt"
BEST = "best.pt"


class CheckpointError(ValueError):
    """A file that is no checkpoint of ours; the message says which and what to do."""


def save(path: Path, content: dict[str, Any]) -> None:
    """Write `content` atomically: a reader, or a process that starts after a kill, sees the old file or the new."""
    with written_whole(path) as file:
        torch.save(content, file)


def load(path: Path | str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What `save` wrote. Only tensors and plain values are read: a checkpoint can run no code.

    Raises `CheckpointError` for a missing or damaged file.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"A checkpoint is a file that training wrote, got {str(path)!r}: {error}. Train again or correct the path."
        ) from error
    return content
