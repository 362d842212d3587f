"""Which arithmetic a device is fast in: measured where it cannot be known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache

import torch

from trainables.devices.bfloat16 import pays_on_this_cpu
from trainables.devices.narrow_convolutions import NarrowConvolutions
from trainables.job import Precision


@dataclass
class _Told:
    precision: Precision | None = None


_told = _Told()


def pick_device(device: str | None = None) -> torch.device:
    """The device named, else a GPU where there is one, else the CPU."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """What this process was told (`prepare`); else bfloat16 where it is fast, float16 on GPUs that have tensor cores
    for nothing newer, None (float32) elsewhere."""
    if _told.precision is not None:
        return None if _told.precision == "float32" else getattr(torch, _told.precision)
    if device.type == "cpu":
        return torch.bfloat16 if pays_on_this_cpu() else None
    return _of_gpu(device)


@cache
def _of_gpu(device: torch.device) -> torch.dtype | None:
    major, _ = torch.cuda.get_device_capability(device)
    if major >= 8:
        return torch.bfloat16
    return torch.float16 if major == 7 else None  # older ones have no tensor cores


def describe(device: torch.device) -> str:
    """The device and the arithmetic that it computes in, such as "cpu, bfloat16"."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{name}, {str(autocast_dtype(device) or torch.float32).removeprefix('torch.')}"


@contextmanager
def autocast(device: torch.device) -> Iterator[None]:
    """The context that a forward pass runs in on this device."""
    dtype = autocast_dtype(device)
    if dtype is None:
        yield
        return
    with torch.autocast(device.type, dtype=dtype), NarrowConvolutions() if device.type == "cpu" else nullcontext():
        yield


def prepare(
    device: torch.device, threads: int, *, precision: Precision | None = None, repeatable: bool = False
) -> None:
    """Set this process up: its arithmetic, its CPU threads and, on a GPU, TF32 for what is left in float32.

    `precision`: what the study computes in, on every device alike; None leaves it to the device.
    `repeatable`: a GPU's convolution kernels are chosen by rule, not by a race, so that no score depends on its winner.
    """
    _told.precision = precision
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = not repeatable
