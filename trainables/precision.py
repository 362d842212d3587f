"""Which arithmetic a device is fast in: asked of the device, not guessed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def pick_device(device: str | None = None) -> torch.device:
    """The device named, else a GPU where there is one, else the CPU."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the hardware multiplies in it, float16 on older GPUs, None (plain float32) elsewhere.

    CPUs without AVX512-BF16 or AMX emulate bfloat16 and lose by it.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else None


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """The context that a forward pass runs in on this device."""
    dtype = autocast_dtype(device)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)


def prepare(device: torch.device, threads: int) -> None:
    """Set this process up for one training: its threads, TF32, repeatable kernels on the CPU."""
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
