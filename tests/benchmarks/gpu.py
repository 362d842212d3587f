"""Everything that is measured on a GPU, in one call of at most eight minutes: `python -m tests.benchmarks gpu --long`.

Without a GPU the same code runs on the CPU with small networks, and the figures are said to be missing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.benchmarks import gpu_correctness, gpu_sharing, gpu_study, gpu_throughput, step_memory
from tests.benchmarks.gpu_throughput import Load
from tests.benchmarks.images import described
from trainables.devices.precision import describe, pick_device

LIMIT_SECONDS = 480
SMALL = Load(backbone="test_resnet", size=32, batch=4, batches=2, images=2, copies=3, turns=1, threads=1)
SMALL_VIT = Load(backbone="test_vit", size=32, batch=4, batches=2, images=2, copies=3, turns=1, threads=1)
Part = Callable[[torch.device, Path], list[dict]]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the parts measure, and how much of it."""

    loads: tuple[Load, ...]
    checked_px: int
    shared: tuple[str, int, int, float, tuple[int, ...]]
    memory: tuple[tuple[str, ...], int, int]
    study: Mapping[str, object]


FULL = Sizes(
    loads=(Load(backbone="resnet50", size=224), Load(backbone="vit_small_patch16_224", size=224)),
    checked_px=64,
    shared=("resnet18", 96, 64, 10.0, (1, 2, 4)),
    memory=(("resnet50", "vit_small_patch16_224"), 224, 32),
    study={},
)
TINY = Sizes(
    loads=(SMALL, SMALL_VIT),
    checked_px=32,
    shared=("test_resnet", 32, 4, 0.2, (1, 2)),
    memory=(("test_resnet", "test_vit"), 32, 2),
    study={"methods": ["supervised:ft"], "tests": ["synthetic_test"], "search": {"trials": 4, "max_epochs": 1},
           "replicate": {"pairs": 1}, "evaluate": {"copies": 1}, "image_size": 32},
)  # fmt: skip


def parts(sizes: Sizes) -> dict[str, Part]:
    """What is measured, by name, the most important first: time may run out."""
    backbones = [load.backbone for load in sizes.loads]
    found: dict[str, Part] = {
        "losses against the CPU": lambda device, _: gpu_correctness.rows(backbones, sizes.checked_px, device)
    }
    for load in sizes.loads:
        found[f"{load.backbone}: fine-tuning, TTA, frozen features"] = lambda device, folder, load=load: (
            gpu_throughput.rows(load, device, folder)
        )
    found["several trials a device"] = lambda *_: gpu_sharing.rows(*sizes.shared)
    found["memory of a step"] = lambda device, _: step_memory.rows(*sizes.memory, device)
    found["a whole study"] = lambda _, folder: gpu_study.rows(folder, sizes.study, LIMIT_SECONDS)
    for load in sizes.loads:
        found[f"{load.backbone}: torch.compile"] = lambda device, _, load=load: [gpu_throughput.compiled(load, device)]
    return found


def run(short: bool) -> dict:
    """Short: without `torch.compile`, which takes a minute of its own. On a CPU the code runs and its figures do not
    count."""
    device = pick_device()
    there = device.type == "cuda"
    chosen = parts(FULL if there else TINY)
    if short or not there:
        chosen = {name: part for name, part in chosen.items() if "compile" not in name}
    rows = _measured(chosen, device, time.monotonic() + LIMIT_SECONDS)
    title = "On a GPU: correctness, throughput with data included, memory, sharing, a whole study"
    if there:
        limits = (
            "Limits: forward, backward and SGD on one batch that stays on the GPU; forward passes on views that stay "
            "there. Targets: fine-tuning .90, TTA .85, frozen features .90 of the limit; a step's peak no more than "
            "what stands under `together`."
        )
        return {"title": title, "rows": rows, "note": f"{describe(device)}. {described()}. {limits}"}
    failed = [row for row in rows if "failed" in row]
    missing = [{"what": name, "found": "not measured: no GPU here"} for name in parts(FULL)]
    return {
        "title": title,
        "rows": [*missing, *failed],
        "note": "These figures are missing. `python -m tests.benchmarks gpu --long` measures them where CUDA is "
        f"present, in {LIMIT_SECONDS // 60} minutes at most. Here the same code ran on the CPU with small networks: "
        f"{len(chosen) - len(failed)} of {len(chosen)} parts without an error.",
    }


def _measured(chosen: Mapping[str, Part], device: torch.device, until: float) -> list[dict]:
    """The rows of every part. One that fails says so, and the others go on; those that would begin too late say so."""
    rows: list[dict] = []
    for name, part in chosen.items():
        started = time.monotonic()
        if started > until:
            rows.append({"what": name, "failed": "not measured: the time was over"})
            continue
        try:
            with tempfile.TemporaryDirectory() as folder:
                found = part(device, Path(folder))
        except Exception as error:  # noqa: BLE001  a lent GPU is too dear to lose all figures to one part
            found = [{"what": name, "failed": f"{type(error).__name__}: {error}"[:300]}]
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
        rows += found
    return rows
