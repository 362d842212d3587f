"""Checkpoints: plain dictionaries of tensors and numbers, written whole or not at all."""

from __future__ import annotations

import errno
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from datasets.base.atomic_files import written_whole

LAST = "last.pt"
BEST = "best.pt"


class CheckpointError(ValueError):
    """A file that is no checkpoint of ours; the message says which and what to do."""


def save(path: Path, content: dict[str, Any]) -> None:
    """Write `content` atomically: a reader, or a process that starts after a kill, sees the old file or the new.

    Raises `OSError` where the disk does not take it. torch says `RuntimeError` then, as for a fault of the content.
    """
    with written_whole(path) as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            if "inline_container" in str(error):  # its writer, which no content can upset
                raise OSError(errno.EIO, f"could not be written whole: {error}", str(path)) from error
            raise


def load(path: Path | str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What `save` wrote. Only tensors and plain values are read: a checkpoint can run no code.

    Raises `CheckpointError` for a missing or damaged file. torch writes the sums of its archive and is built without
    what would read them (`MINIZ_DISABLE_ZIP_READER_CRC32_CHECKS`, torch 2.14): a flipped bit would be a weight.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise EOFError(f"the sum of {damaged} does not hold")
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, zipfile.error, zlib.error, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"A checkpoint is a file that training wrote, got {str(path)!r}: {error}. Train again or correct the path."
        ) from error
    return content
