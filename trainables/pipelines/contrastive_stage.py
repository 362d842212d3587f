"""The contrastive stage: pre-train the encoder on the training images themselves, then fine-tune.

Its result depends on the encoder, the stage's parameters and the training images alone, not on the trial: it is stored
under their digest and shared by all trials that ask for the same. Its epochs are no epochs of the trial's budget, which
counts fine-tuning; what it cost is in every epoch's metrics instead: `stage_images` (views seen), `stage_seconds`, and
`stage_computed`, 1 where this trial computed it and 0 where it found it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from datasets.base.seeds import seed
from datasets.cache.store import ImageStore
from trainables.encoders import build
from trainables.encoders.digest import encoder_digest
from trainables.encoders.loading import encoder_file
from trainables.job import EncoderRef, Job, Metrics, ParamValue, Report, TrainingError
from trainables.models.classifier import Classifier
from trainables.pipelines.fine_tuning import FineTuning, initial_classifier
from trainables.pipelines.pipeline import Pipeline, all_weights
from trainables.pipelines.stage_store import Stage, obtain
from trainables.ssl.image_pool import Pool
from trainables.ssl.recipes import Recipe, recipe
from trainables.training import distributed
from trainables.training.hyperparameters import Settings
from trainables.training.loader import Images, Rows
from trainables.training.task_data import TaskData

PREFIX = "stage_"
PARAMETERS = ("temperature", "batch_size", "epochs", "balanced", "positives", "lr", "augmentation")


def contrast_then_fine_tune(method: str) -> Callable[[Job, TaskData, Report, str | None], None]:
    """The pipeline with this pre-training: `simclr` (`ucl-ft`) or `supcon` (`scl-ft`)."""

    def pipeline(job: Job, data: TaskData, report: Report, device: str | None) -> None:
        stage = run_stage(job, data, method, device)
        cost = {
            "stage_images": float(stage.facts["images"]),
            "stage_seconds": float(stage.facts["seconds"]),
            "stage_computed": float(stage.computed),
        }
        start = dataclasses.replace(job, encoder=EncoderRef(name="own", weights=str(stage.encoder)))

        def make(initial: bool) -> Classifier:
            return initial_classifier(start, data, initial)

        def with_cost(epoch: int, metrics: Metrics, checkpoint: str | None) -> None:
            report(epoch, {**metrics, **cost}, checkpoint)

        FineTuning(job, data, make, device).run(with_cost)

    return pipeline


def run_stage(job: Job, data: TaskData, method: str, device: str | None) -> Stage:
    """The stage of this job: found in `job.stages`, or computed into it."""
    torch.manual_seed(seed(job.seed, "initial"))  # for an encoder without weights, which is drawn
    encoder = build(job.encoder, job.backbone, image_size=job.image_size)
    pool = training_pool(data)
    chosen = stage_recipe(method, job.params)
    content = {
        "encoder": encoder_digest(encoder),
        "backbone": job.backbone,
        "image_size": job.image_size,
        "short_side": job.data.short_side,
        "recipe": chosen.record(),
        "pool": pool.digest,
        "seed": job.stage_seed,
    }
    if job.precision is not None:  # studies of older versions left it to the device
        content["precision"] = job.precision
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    seeded = dataclasses.replace(chosen, seed=seed("stage", digest))

    def compute(path: Path, partial: Path) -> Mapping[str, Any]:
        from trainables.ssl.train import PreTraining

        training = PreTraining(
            encoder,
            pool,
            seeded,
            image_size=job.image_size,
            threads=job.threads,
            device=device,
            precision=job.precision,
            partial=partial,
        )
        history = training.run()
        facts = {
            **content,
            "history": history,
            "images": sum(epoch["images"] for epoch in history),
            "seconds": sum(epoch["seconds"] for epoch in history) * distributed.world(),
        }
        if distributed.rank() == 0:
            encoder_file.save(path, encoder, name="own", backbone=job.backbone, provenance=content, half=False)
        return facts

    return obtain(Path(job.stages), digest, compute)


def stage_recipe(method: str, params: Mapping[str, ParamValue]) -> Recipe:
    """The recipe in a job's parameters (`stage_temperature`, …). Raises `TrainingError` for a missing one."""
    missing = [f"{PREFIX}{name}" for name in PARAMETERS if f"{PREFIX}{name}" not in params]
    if missing:
        raise TrainingError(
            f"The contrastive stage needs the parameters {', '.join(PREFIX + name for name in PARAMETERS)}; the search "
            f"space lacks {', '.join(missing)}. Add them, searched or fixed."
        )
    return recipe(method, **{name: params[f"{PREFIX}{name}"] for name in PARAMETERS})


def training_pool(data: TaskData) -> Pool:
    """The training images of a job, and nothing of its validation or test images."""
    part = data.training
    labels = hashlib.sha256(part.labels.tobytes()).hexdigest()
    lesions = hashlib.sha256("\n".join(data.lesions).encode()).hexdigest()
    return Pool(
        images=data.images,
        rows=part.rows,
        labels=part.labels,
        lesions=data.lesions or ("",) * len(part.rows),
        digest=hashlib.sha256(f"{images_digest(data.images, part.rows)}{labels}{lesions}".encode()).hexdigest(),
        classes=data.classes,
    )


def images_digest(images: Images, rows: Rows) -> str:
    """Hex sha256 over these images: the digests of their files where a store knows them, else their pixels."""
    found = hashlib.sha256()
    if isinstance(images, ImageStore):
        chosen = images.manifest.table.iloc[rows][["image_id", "sha256"]]  # not their place, which differs by node
        found.update(f"{images.manifest.name}\n{chosen.to_csv(index=False)}".encode())
    else:
        for row in rows:
            found.update(images[int(row)].tobytes())
    return found.hexdigest()


def _check(method: str) -> Callable[[Mapping[str, ParamValue]], None]:
    def check(params: Mapping[str, ParamValue]) -> None:
        Settings.of(params)
        stage_recipe(method, params)

    return check


UCL_FT = Pipeline(run=contrast_then_fine_tune("simclr"), space="ucl-ft", trained=all_weights, check=_check("simclr"))
SCL_FT = Pipeline(run=contrast_then_fine_tune("supcon"), space="scl-ft", trained=all_weights, check=_check("supcon"))
