"""The machine that a number was measured on, in words that name no host."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "opencv-python-headless", "simplejpeg", "pillow", "numpy", "ray")


def describe() -> str:
    """Processor, cores, memory, GPU and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB; {_gpu()}; "
        f"{platform.system()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    facts = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if ":" in line
    )
    found = {key.strip(): value.strip() for key, value in facts.items()}
    extensions = [
        name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in found.get("flags", "").split()
    ]
    return f"{found.get('model name', platform.processor())} ({', '.join(extensions)})"


def _gpu() -> str:
    try:
        found = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=30
        )
    except FileNotFoundError:
        return "no GPU"
    return found.stdout.strip().replace("\n", ", ") or "no GPU"
