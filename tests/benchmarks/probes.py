"""Linear probes from features that are kept, against reading every image anew in every trial."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from datasets.base.manifest import DataRef
from tests.benchmarks.models import model
from tests.benchmarks.pairs import in_turns, ratios, seconds, times
from trainables.devices.precision import autocast
from trainables.encoders.loading import encoder_file
from trainables.forward_pass import views_at_once
from trainables.job import EncoderRef, Job, TrainingData
from trainables.models.classifier import fold_batch_norms
from trainables.pipelines.registry import PIPELINES
from trainables.ssl.pretrain import fresh
from trainables.training.task_data import LabelledRows, TaskData

TRIALS = 100
BACKBONE = "resnet50"
SIDE = 224
CPU = torch.device("cpu")


def run(short: bool) -> dict:
    """ResNet-50 at 224 px; short: 96 images, where what a trial costs beside its features weighs most; long: 1,000."""
    cores, images = len(os.sched_getaffinity(0)), 96 if short else 1000
    data = _data(images)
    with tempfile.TemporaryDirectory() as name:
        folder, number = Path(name), itertools.count()
        encoder = folder / "encoder.safetensors"
        encoder_file.save(encoder, fresh(BACKBONE, SIDE), name="own", backbone=BACKBONE, provenance={}, half=False)

        def trial(stages: str) -> None:
            job = _job(encoder, folder / str(next(number)), stages, cores)
            PIPELINES.get("linear").run(job, data, lambda *_: None, "cpu")

        first = seconds(lambda: trial(str(folder / "stages")))
        ways = {
            "anew": lambda: trial(""),
            "kept": lambda: trial(str(folder / "stages")),
            "forward": lambda: _forward(images, cores),
        }
        spent = in_turns(ways, turns=2)
    anew, kept = statistics.median(spent["anew"]), statistics.median(spent["kept"])
    return {
        "title": "Linear probes from frozen features",
        "rows": [
            {"what": "a trial that reads every image, s", "value": anew},
            {"what": "a trial from kept features, s", "value": kept},
            {
                "what": f"{TRIALS} trials that read anew / {TRIALS} that share one pass (from the figures above)",
                "value": f"{TRIALS * anew / (first + (TRIALS - 1) * kept):.3g}×",
            },
            {
                "what": "forward passes alone / a trial that reads every image, by time",
                "value": times(ratios(spent["forward"], spent["anew"])),
            },
        ],
        "note": f"ResNet-50 from a file of random weights, {images} drawn images of {SIDE} px, {cores} cores. A trial "
        "holds all that it does: the encoder, the features, the regression, scores and both checkpoints (100 MB). The "
        "longer the set, the larger the ratio of trials.",
    }


def _forward(images: int, cores: int) -> None:
    """The limit: the encoder on views that are there already, a thread a core, as the pass does it."""
    made = model(BACKBONE, SIDE).eval()
    fold_batch_norms(made)
    at_once = views_at_once(CPU, SIDE)
    ready = torch.zeros(at_once, SIDE, SIDE, 3, dtype=torch.uint8)

    def lane(count: int) -> None:
        torch.set_num_threads(1)
        with torch.inference_mode(), autocast(CPU):
            for _ in range(0, count, at_once):
                made.encode(ready)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lane, [len(share) for share in np.array_split(np.arange(images), cores)]))


def _data(images: int) -> TaskData:
    draws, labels = np.random.default_rng(0), np.arange(images) % 2
    rows, training = np.arange(images), images * 9 // 10
    return TaskData(
        images=[draws.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8) for _ in rows],
        training=LabelledRows(rows=rows[:training], labels=labels[:training]),
        validation=LabelledRows(rows=rows[training:], labels=labels[training:]),
        classes=("benign", "melanoma"),
    )


def _job(encoder: Path, directory: Path, stages: str, threads: int) -> Job:
    return Job(
        encoder=EncoderRef(name="own", weights=str(encoder)),
        pipeline="linear",
        backbone=BACKBONE,
        image_size=SIDE,
        params={"c": 0.01, "balanced": False},
        data=TrainingData(ref=DataRef(source="noise"), split_file="", short_side=SIDE),
        max_epochs=1,
        objective="val_auc",
        seed=0,
        directory=str(directory),
        stages=stages,
        threads=threads,
    )
