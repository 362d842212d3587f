"""`study pretrain`: an encoder of your own, made on training images of a study or on a pool."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from datasets.base.errors import DataError
from datasets.base.registry import nearest
from study.base.errors import StudyError
from study.preparation import manifests
from study.spec.data_sources import DataSource
from study.spec.model import StudySpec
from study.training.pretraining_images import training_images, whole_source
from trainables.encoders import EncoderError, names
from trainables.job import EncoderRef, TrainingError
from trainables.ssl.methods import SSL_METHODS
from trainables.ssl.pretrain import PreTrainingJob, pretrain
from trainables.ssl.recipes import Recipe, recipe

SUFFIX = ".safetensors"


def pretraining_job(
    spec: StudySpec,
    *,
    method: str,
    out: Path,
    pool: DataSource | None = None,
    start: str | None = None,
    settings: Sequence[str] = (),
) -> PreTrainingJob:
    """The job that makes `out`, with the backbone and image size of `spec`.

    Images: all of `pool`, else the training images that no split of the study validates or tests on
    (`pretraining_images`). `start` continues from an encoder, `NAME` or `NAME=WEIGHTS`. Raises `StudyError` for an
    unknown method or setting, a pool that the spec trains or tests on, no image that is left, or a file that exists.
    """
    if method not in SSL_METHODS:
        raise StudyError(f"A pre-training method is a known one, got {method!r}: {nearest(method, SSL_METHODS)}.")
    if out.suffix != SUFFIX:
        raise StudyError(f"A pre-trained encoder is a {SUFFIX} file, got {str(out)!r}. Give it that ending.")
    if out.exists():
        raise StudyError(f"{out} is there already. Delete it to make it anew, or write elsewhere.")
    chosen = read_settings(method, settings)
    images = training_images(spec, out) if pool is None else whole_source(spec, pool)
    name, _, weights = (start or "").partition("=")
    return PreTrainingJob(
        name=method if method in names() else "own",
        recipe=chosen,
        backbone=spec.backbone,
        image_size=spec.image_size,
        pool=images,
        out=str(out.absolute()),
        start=EncoderRef(name=name, weights=manifests.absolute(weights or None)) if start else None,
        threads=max(1, int(spec.resources.cpus_per_trial)),
    )


def run(job: PreTrainingJob, *, workers: int, gpus: float | None, address: str | None) -> None:
    """Pre-train in this process, or with more than one worker in a worker group of Ray Train.

    Raises `StudyError` for whatever is wrong with data, weights or settings.
    """
    try:
        if workers == 1:
            pretrain(job)
            return
        from study.cluster import connection
        from trainables.ray_train import group

        connection.connect(address)
        devices = gpus if gpus is not None else float(connection.has_gpus())
        resources = {"CPU": float(job.threads), **({"GPU": devices} if devices else {})}
        group("trainables.ssl.pretrain:pretrain_json", job.to_json(), workers=workers, worker=resources)
    except (TrainingError, EncoderError, DataError) as error:
        raise StudyError(str(error)) from error


def read_settings(method: str, settings: Sequence[str]) -> Recipe:
    """The recipe of a method with `NAME=VALUE` settings. Raises `StudyError` for an unknown name or a wrong value."""
    kinds = {field.name: type(getattr(recipe(method), field.name)) for field in dataclasses.fields(Recipe)}
    del kinds["method"]
    changes: dict[str, object] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise StudyError(f"A setting is NAME=VALUE with a known name, got {setting!r}: {nearest(name, kinds)}.")
        try:
            changes[name] = {"true": True, "false": False}[value] if kinds[name] is bool else kinds[name](value)
        except (ValueError, KeyError) as error:
            raise StudyError(f"Setting {name} is of type {kinds[name].__name__}, got {value!r}. Correct it.") from error
    try:
        return recipe(method, **changes)
    except TrainingError as error:
        raise StudyError(str(error)) from error
