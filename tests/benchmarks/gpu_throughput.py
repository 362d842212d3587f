"""Images per second on a device, data included, against what the network alone could do with them."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from datasets.base.manifest import DataRef
from tests.benchmarks.images import cached, jpegs
from tests.benchmarks.models import ENCODER, model, saved
from tests.benchmarks.pairs import in_turns, ratios
from trainables.augmentation.parameters import uniforms
from trainables.augmentation.policies import policy
from trainables.devices.precision import prepare
from trainables.forward_pass import VIEWS_AT_ONCE
from trainables.job import Job, TrainingData
from trainables.models.classifier import Classifier, classifier, fold_batch_norms
from trainables.pipelines.frozen import frozen_features
from trainables.predict import predict
from trainables.training.loader import Renderer
from trainables.training.step import Stepper, probabilities
from trainables.training.task_data import LabelledRows, TaskData

Ways = dict[str, Callable[[], object]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Load:
    """What is measured: `batches` of `batch` images of `size` pixels for training, `images` to be scored in `copies`
    copies, in `turns` pairs, on `threads` threads of the processor."""

    backbone: str
    size: int
    batch: int = 128
    batches: int = 30
    images: int = 60
    copies: int = 50
    turns: int = 5
    threads: int = 4


def rows(load: Load, device: torch.device, folder: Path) -> list[dict]:
    """Fine-tuning, test-time augmentation and a pass of frozen features, each against its limit."""
    prepare(device, load.threads)
    store = _Repeated(cached(jpegs("600×450", 24, folder), round(1.15 * load.size)))
    name = f"{load.backbone}, {load.size} px"
    trained, scored = load.batches * load.batch, load.images * load.copies
    return [
        _row(f"{name}: fine-tuning", trained, _training(load, store, device), load, device),
        _row(f"{name}: TTA-{load.copies}, views", scored, _tta(load, store, device, folder), load, device),
        _row(f"{name}: frozen features", trained, _features(load, store, device), load, device),
    ]


def compiled(load: Load, device: torch.device) -> dict:
    """Forward, backward and SGD on one batch that stays on the device: `torch.compile` against none."""
    prepare(device, load.threads)
    ways = {}
    for name in ("limit", "ours"):  # eager is the limit here: what is reported is how compiled compares with it
        made: torch.nn.Module = model(load.backbone, load.size).to(device).train()
        stepper = _stepper(torch.compile(made) if name == "ours" else made, device)  # type: ignore[arg-type]
        ways[name] = _steps(stepper, load, device)
    what = f"{load.backbone}, {load.size} px: torch.compile against eager"
    return _row(what, load.batches * load.batch, ways, load, device)


def _row(what: str, images: int, ways: Ways, load: Load, device: torch.device) -> dict:
    spent = in_turns({name: _waited(work, device) for name, work in ways.items()}, load.turns)
    share = ratios(spent["limit"], spent["ours"])
    return {
        "what": what,
        "images/s": images / statistics.median(spent["ours"]),
        "limit, images/s": images / statistics.median(spent["limit"]),
        "share of the limit": f"{statistics.median(share):.0%} ({share[0]:.0%}–{share[-1]:.0%})",
    }


def _training(load: Load, store: _Repeated, device: torch.device) -> Ways:
    stepper = _stepper(model(load.backbone, load.size).to(device).train(), device)
    renderer = Renderer(store, load.size, load.threads, device)
    draws = np.random.default_rng(0)
    groups = [draws.permutation(len(store))[: load.batch] for _ in range(load.batches)]
    labels = draws.integers(0, 2, load.batch)

    def ours() -> None:
        u = [uniforms(load.batch, "benchmark", index) for index in range(load.batches)]
        for _, images in renderer.batches(groups, policy("published"), u):
            stepper.step(images, labels)

    return {"ours": ours, "limit": _steps(stepper, load, device)}


def _stepper(made: torch.nn.Module, device: torch.device) -> Stepper:
    fused = device.type == "cuda"
    return Stepper(made, torch.optim.SGD(made.parameters(), lr=0.01, momentum=0.9, fused=fused), device)


def _steps(stepper: Stepper, load: Load, device: torch.device) -> Callable[[], None]:
    resident = torch.zeros(load.batch, load.size, load.size, 3, dtype=torch.uint8, device=device)
    labels = np.random.default_rng(0).integers(0, 2, load.batch)

    def run() -> None:
        for _ in range(load.batches):
            stepper.step(resident, labels)

    return run


def _tta(load: Load, store: _Repeated, device: torch.device, folder: Path) -> Ways:
    made = model(load.backbone, load.size)
    path = saved(made, load.backbone, load.size, folder, load.threads)
    made = made.to(device).eval()
    fold_batch_norms(made)
    at_once = VIEWS_AT_ONCE[device.type] // load.copies * load.copies or load.copies
    resident = torch.zeros(at_once, load.size, load.size, 3, dtype=torch.uint8, device=device)
    rows = np.arange(load.images)

    def limit() -> None:
        for _ in range(0, load.images * load.copies, at_once):
            probabilities(made, resident, device)

    return {
        "ours": lambda: predict(path, store, rows, copies=load.copies, seed=0, devices=[str(device)]),
        "limit": limit,
    }


def _features(load: Load, store: _Repeated, device: torch.device) -> Ways:
    """Nothing is kept, so that every turn reads every image."""
    count = load.batches * load.batch
    halves = np.array_split(np.arange(count), 2)
    training, validation = (LabelledRows(rows=part % len(store), labels=part % 2) for part in halves)
    data = TaskData(images=store, training=training, validation=validation, classes=("benign", "melanoma"))
    job = Job(
        encoder=ENCODER, pipeline="linear", backbone=load.backbone, image_size=load.size, params={},
        data=TrainingData(ref=DataRef(source="noise"), split_file="", short_side=store[0].shape[0]), max_epochs=1,
        objective="val_auc", seed=0, directory="", stages="", threads=load.threads,
    )  # fmt: skip
    made = classifier(ENCODER, load.backbone, load.size, 2).to(device).eval()
    folded = _folded(load, device)
    at_once = min(VIEWS_AT_ONCE[device.type], count)
    resident = torch.zeros(at_once, load.size, load.size, 3, dtype=torch.uint8, device=device)

    def limit() -> None:
        for _ in range(0, count, at_once):
            probabilities(folded, resident, device)

    return {"ours": lambda: frozen_features(job, data, made, device, "pooled"), "limit": limit}


def _folded(load: Load, device: torch.device) -> Classifier:
    made = model(load.backbone, load.size).to(device).eval()
    fold_batch_norms(made)
    return made


def _waited(work: Callable[[], object], device: torch.device) -> Callable[[], None]:
    def done() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return done


class _Repeated:
    """A few images, over and over: as many rows as a data set has."""

    def __init__(self, images: list[np.ndarray], rows: int = 4096) -> None:
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: int) -> np.ndarray:
        return self._images[row % len(self._images)]
