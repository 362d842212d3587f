"""Whether bfloat16 pays on this CPU: asked of its flags, then of the clock, once a machine."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock
from torch import nn

from datasets.base.atomic_files import write_json
from datasets.cache.store import default_root

MARGIN = 1.25  # it must win clearly: CPUs that multiply in it win by 2, those that emulate it lose
LOCK_SECONDS = 60.0


@cache
def pays_on_this_cpu() -> bool:
    """Whether a convolution's forward and backward pass is clearly faster under bfloat16 autocast.

    A CPU without instructions for it is not asked. Another is timed once; the answer is kept beside the image cache,
    so that every later process of this machine, and every run of a study on it, computes alike.
    """
    if not has_instructions():
        return False
    path = Path(default_root()) / f"bfloat16-{_machine()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock", timeout=LOCK_SECONDS):
        noted = _noted(path)
        if noted is None:
            noted = speedup()
            write_json(path, {"speedup": noted})
        return noted >= MARGIN


def has_instructions() -> bool:
    """Whether this CPU multiplies in bfloat16 (AVX512-BF16 or AMX)."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def speedup() -> float:
    """Seconds in float32 / seconds in bfloat16 of a block like ResNet's on one thread: the best of ten turns each,
    about 0.2 s. Several threads would wait for each other on a busy machine, and measure that."""
    threads = torch.get_num_threads()
    # asked in the middle of a training or a prediction: neither random numbers nor modes may leak
    with torch.random.fork_rng(devices=[]), torch.inference_mode(mode=False), torch.enable_grad():
        torch.set_num_threads(1)
        try:
            return _speedup()
        finally:
            torch.set_num_threads(threads)


def _speedup() -> float:
    block = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 1))
    block = block.to(memory_format=torch.channels_last)
    x = torch.zeros(8, 64, 28, 28).contiguous(memory_format=torch.channels_last)
    best = {False: float("inf"), True: float("inf")}
    for turn in range(11):
        for enabled in best:
            started = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
                loss = block(x).sum()
            loss.backward()
            if turn:  # the first one warms up
                best[enabled] = min(best[enabled], time.perf_counter() - started)
    return best[False] / best[True]


def _noted(path: Path) -> float | None:
    """The speedup that a process of this machine noted. A file that is damaged is absent: it is measured again."""
    try:
        return float(json.loads(path.read_text())["speedup"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _machine() -> str:
    """A digest of what the answer depends on; images of other machines may share the cache's folder."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    name = next((line for line in lines if line.startswith("model name")), platform.processor())
    facts = (name, torch.backends.cpu.get_cpu_capability(), torch.__version__)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
