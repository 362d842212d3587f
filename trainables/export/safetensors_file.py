"""Weights and the job that made them, for programs that have this package."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from trainables.job import Job
from trainables.models.classifier import Classifier, restore
from trainables.training import checkpoint


def write(path: Path, file: Path) -> None:
    """Write a checkpoint's weights, its job and its classes."""
    from safetensors.torch import save_file

    found = checkpoint.load(path)
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in found["model"].items()}
    save_file(tensors, file, metadata={"job": _without_places(found["job"]), "classes": "\n".join(found["classes"])})


def _without_places(text: str) -> str:
    """A job for a file that leaves: paths of the machine that trained it say who and where, and help nobody."""
    job = Job.from_json(text)
    ref = dataclasses.replace(job.data.ref, root=None)
    data = dataclasses.replace(job.data, ref=ref, split_file="", cache_root=None)
    weights = job.encoder.weights
    if weights is not None and (weights.startswith(("/", ".", "~")) or "://" in weights or Path(weights).exists()):
        weights = weights.rpartition("/")[2]
    encoder = dataclasses.replace(job.encoder, weights=weights)
    return dataclasses.replace(job, encoder=encoder, data=data, directory="", stages="").to_json()


def load(file: Path) -> Classifier:
    """The classifier of a file that `write` wrote."""
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        facts: dict[str, str] = opened.metadata()
        tensors: dict[str, Any] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return restore({"job": facts["job"], "classes": facts["classes"].split("\n"), "model": tensors})[0]
