"""Scores of images: probabilities averaged over augmented copies, each image read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables import checkpoint
from trainables.augment import draw, policy, uniforms, whole
from trainables.job import Job
from trainables.loader import Images
from trainables.model import Classifier, classifier
from trainables.precision import pick_device, prepare
from trainables.step import probabilities
from trainables.views import render

COPIES_AT_ONCE = 512  # views in one batch on the device


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Probability of the positive (last) class per image: mean [n] and standard deviation [n] over the copies."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    copies: int


def load_model(path: str | Path, device: str | None = None) -> tuple[Classifier, Job]:
    """The trained classifier of a checkpoint, in evaluation mode, and the job that trained it."""
    found = checkpoint.load(path)
    job = Job.from_json(found["job"])
    model = classifier(job.encoder, job.backbone, job.image_size, len(found["classes"]), initial=False)
    model.load_state_dict(found["model"])
    return model.to(pick_device(device)).eval(), job


def predict(
    path: str,
    images: Images,
    rows: NDArray[np.int64],
    *,
    copies: int,
    seed: int,
    device: str | None = None,
    threads: int | None = None,
) -> Scores:
    """Scores of these rows by the checkpoint at `path`.

    `copies` > 1: copies augmented by the policy that the model was trained with; 1: the deterministic view. A copy's
    parameters depend on (seed, row, copy) alone, so that batches and devices do not matter.
    """
    target = pick_device(device)
    model, job = _model(str(path), Path(path).stat().st_mtime_ns, device)
    prepare(target, threads or job.threads)
    size, chosen = job.image_size, policy(job.augmentation)
    drawn = [uniforms(len(images), seed, "copy", copy) for copy in range(copies)] if copies > 1 else []
    step = max(1, COPIES_AT_ONCE // copies)
    mean, sd = np.empty(len(rows)), np.empty(len(rows))
    batch = np.empty((step * copies, size, size, 3), dtype=np.uint8)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        for index, row in enumerate(part):
            image = images[int(row)]
            height, width = image.shape[:2]
            for copy in range(copies):
                view = draw(chosen, drawn[copy][row], height, width) if drawn else whole(height, width)
                render(image, view, size, batch[index * copies + copy])
        scores = probabilities(model, batch[: len(part) * copies], target)[:, -1].reshape(len(part), copies)
        mean[start : start + len(part)] = scores.mean(axis=1)
        sd[start : start + len(part)] = scores.std(axis=1)
    return Scores(mean=mean, sd=sd, copies=copies)


@lru_cache(maxsize=1)
def _model(path: str, _changed: int, device: str | None) -> tuple[Classifier, Job]:
    return load_model(path, device)
