"""Classifiers for benchmarks: random weights, written as the checkpoint that training would leave."""

from __future__ import annotations

from pathlib import Path

import torch

from datasets.base.manifest import DataRef
from trainables.job import EncoderRef, Job, TrainingData
from trainables.models.classifier import Classifier, classifier, state
from trainables.training import checkpoint

ENCODER = EncoderRef(name="random")


def model(backbone: str, size: int, *, seed: int = 0) -> Classifier:
    """A classifier of two classes whose logits differ between images."""
    torch.manual_seed(seed)
    made = classifier(ENCODER, backbone, size, 2)
    torch.nn.init.normal_(made.head.weight, std=0.1)
    return made


def saved(made: Classifier, backbone: str, size: int, folder: Path, threads: int) -> str:
    """The path of a checkpoint that `predict` reads."""
    job = Job(
        encoder=ENCODER,
        pipeline="ft",
        backbone=backbone,
        image_size=size,
        params={},
        data=TrainingData(ref=DataRef(source="synthetic"), split_file="", short_side=round(1.15 * size)),
        max_epochs=1,
        objective="val_auc",
        seed=0,
        directory=str(folder),
        stages=str(folder),
        threads=threads,
    )
    path = folder / f"{backbone}-{size}.pt"
    checkpoint.save(path, {"model": state(made), "job": job.to_json(), "classes": ["benign", "melanoma"]})
    return str(path)
