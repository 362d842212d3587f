"""Test-time augmentation with 50 copies, from file to score, against the published way."""

from __future__ import annotations

import copy
import os
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks import published
from tests.benchmarks.images import SIZES, cached, described, jpegs
from tests.benchmarks.models import model, saved
from tests.benchmarks.pairs import in_turns, ratios, times
from trainables.augmentation.parameters import uniforms
from trainables.augmentation.policies import policy
from trainables.forward_pass import views_at_once
from trainables.models.classifier import fold_batch_norms
from trainables.predict import predict
from trainables.training.loader import Renderer
from trainables.training.step import probabilities

COPIES = 50
CPU = torch.device("cpu")
DEMO_SIDES = (48, 64)  # pixels: what the demo's network sees, and a larger one
PUBLISHED, OURS = "published", "ours"


def run(short: bool) -> dict:
    """Preparation alone on one core, then end to end on all cores with the demo's network; long: with larger views and
    with ResNet-50."""
    turns, cores = 5 if short else 9, _cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [_row(f"copies made, 224 px, one core ({size})", _preparation(size, folder), 1, turns) for size in SIZES]
        for side in DEMO_SIDES[:1] if short else DEMO_SIDES:
            for size in SIZES:
                ways = _end_to_end("test_resnet", side, size, 2 * cores, folder)
                rows.append(_row(f"scored by test_resnet, {side} px, {cores} cores ({size})", ways, 2 * cores, turns))
        for size in () if short else SIZES:  # minutes without a GPU
            ways = _end_to_end("resnet50", 224, size, cores, folder)
            rows.append(_row(f"scored by ResNet-50, 224 px, {cores} cores ({size})", ways, cores, turns))
    return {
        "title": f"Test-time augmentation, {COPIES} copies an image",
        "rows": rows,
        "note": f"{described()}. Published: every copy decodes the whole file in DataLoader workers (one a core), and "
        "the network runs in float32 on torch's default layout. `forward alone` is the limit: the network on views "
        "that are there already.",
    }


def _row(what: str, ways: dict, images: int, turns: int) -> dict:
    spent = in_turns(ways, turns)
    row = {"what": what}
    row |= {f"{name}, s/image": statistics.median(taken) / images for name, taken in spent.items()}
    return row | {"against the published way": times(ratios(spent[PUBLISHED], spent[OURS]))}


def _preparation(size: str, folder: Path) -> dict:
    torch.set_num_threads(1)
    paths = jpegs(size, 1, folder)
    loader = published.loader(paths * COPIES, 224, COPIES, workers=1)
    renderer, rows = Renderer(cached(paths, 258), 224, threads=1), np.repeat([0], COPIES)
    return {
        PUBLISHED: lambda: sum(len(batch) for batch in loader),
        OURS: lambda: renderer.batch(rows, policy("published"), uniforms(COPIES, "copies")),
    }


def _end_to_end(backbone: str, side: int, size: str, images: int, folder: Path) -> dict:
    paths = jpegs(size, images, folder)
    made = model(backbone, side).eval()
    plain = copy.deepcopy(torch.nn.Sequential(made.encoder, made.head)).to(memory_format=torch.contiguous_format)
    loader = published.loader([path for path in paths for _ in range(COPIES)], side, COPIES, workers=_cores())
    store, path = cached(paths, round(1.15 * side)), saved(made, backbone, side, folder, _cores())
    ready, at_once = torch.zeros(COPIES, side, side, 3, dtype=torch.uint8), views_at_once(CPU, side)
    fold_batch_norms(made)

    def theirs() -> None:
        torch.set_num_threads(_cores())
        with torch.no_grad():
            for batch in loader:
                plain(batch).softmax(dim=1).mean(dim=0)

    def once(_: str) -> None:
        torch.set_num_threads(1)
        for start in range(0, COPIES, at_once):
            probabilities(made, ready[start : start + at_once], CPU)

    def forward() -> None:  # a thread a core, each with images of its own, as ours
        with ThreadPoolExecutor(_cores()) as pool:
            list(pool.map(once, paths))

    return {
        PUBLISHED: theirs,
        OURS: lambda: predict(path, store, np.arange(images), copies=COPIES, seed=0),
        "forward alone": forward,
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0))
