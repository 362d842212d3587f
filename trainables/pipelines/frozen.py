"""What a frozen encoder says of a job's images, from their deterministic views."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.cache.store import VERSION, ImageStore
from trainables.devices.precision import autocast, autocast_dtype, prepare
from trainables.encoders.digest import encoder_digest
from trainables.forward_pass import forward_pass
from trainables.job import Job
from trainables.models.classifier import Classifier, fold_batch_norms
from trainables.pipelines.feature_store import StoredFeatures, obtain
from trainables.training.loader import Batch, Images
from trainables.training.task_data import TaskData

Kind = Literal["pooled", "tokens"]
"""`pooled`: the encoder's features, float32 [n, d]; `tokens`: those of its patches, float16 [n, patches, d]."""


def frozen_features(job: Job, data: TaskData, model: Classifier, device: torch.device, kind: Kind) -> StoredFeatures:
    """Features of the training images, followed by those of the validation images.

    They lie in `job.stages`, by everything that decides them, and are computed where they are not there. `model` is
    left as it is.
    """
    rows = np.concatenate([data.training.rows, data.validation.rows])
    prepare(device, job.threads, precision=job.precision)
    content = {
        "encoder": encoder_digest(model.encoder),
        "backbone": job.backbone,
        "image_size": job.image_size,
        "short_side": job.data.short_side,
        "decoding": VERSION,
        "arithmetic": f"{device.type} {autocast_dtype(device) or torch.float32}",
        "kind": kind,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    reader = _Reader(model, kind)

    def compute(places: NDArray[np.int64]) -> NDArray[Any]:
        values = forward_pass(
            reader.model,
            data.images,
            rows[places],
            reader.read,
            job=job,
            copies=1,
            seed=0,
            devices=[device],
            threads=job.threads,
        )
        return values[:, 0]

    try:
        return obtain(Path(job.stages) / "features" / digest if job.stages else None, _keys(data.images, rows), compute)
    finally:
        prepare(device, job.threads, precision=job.precision)  # a pass takes its threads for itself


class _Reader:
    """The encoder as it is read: on a copy whose batch norms are folded where no layer between is asked for."""

    def __init__(self, model: Classifier, kind: Kind) -> None:
        self._kind, self._source = kind, model
        self._made: Classifier | None = None

    @property
    def model(self) -> Classifier:
        if self._made is None:
            self._made = copy.deepcopy(self._source).eval()
            if self._kind == "pooled":
                fold_batch_norms(self._made)
        return self._made

    @torch.inference_mode()
    def read(self, model: Classifier, views: Batch, device: torch.device) -> NDArray[Any]:
        images = torch.as_tensor(views).to(device, non_blocking=True)
        with autocast(device):
            found = model.encode(images) if self._kind == "pooled" else model.tokens(images)
        return found.to(torch.float32 if self._kind == "pooled" else torch.float16).cpu().numpy()


def _keys(images: Images, rows: NDArray[np.int64]) -> list[str]:
    """What names each image: the sha256 of its file where a store knows it, else of its pixels."""
    if isinstance(images, ImageStore):
        found: list[str] = images.manifest.table["sha256"].iloc[rows].tolist()
        return found
    return [
        hashlib.sha256(repr(images[int(row)].shape).encode() + images[int(row)].tobytes()).hexdigest() for row in rows
    ]
