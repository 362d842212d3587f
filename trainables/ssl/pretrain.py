"""Pre-train one encoder from a job of plain data, and write its file: alone, under torchrun or in a worker group."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import datasets
from datasets.base.manifest import DataRef
from datasets.base.seeds import seed
from datasets.cache.store import open_store
from datasets.splits.split import Split
from trainables.encoders import Encoder, build
from trainables.encoders.encoder import bare, feature_dimension
from trainables.encoders.loading import encoder_file
from trainables.encoders.recipe import IMAGENET_MEAN, IMAGENET_STD
from trainables.job import EncoderRef
from trainables.ssl.image_pool import Pool
from trainables.ssl.recipes import Recipe
from trainables.ssl.train import Epochs, PreTraining
from trainables.training import distributed


@dataclass(frozen=True, kw_only=True)
class PoolRef:
    """Which images: the `train` part of a split file, or all of the source where there is none."""

    ref: DataRef
    short_side: int
    split_file: str | None = None
    cache_root: str | None = None


@dataclass(frozen=True, kw_only=True)
class PreTrainingJob:
    """One pre-training. `name` is the encoder's; `start` continues from an encoder, None starts from fresh weights;
    `out` receives the file, and `out` with `.partial` added the state of a training that is not at its end."""

    name: str
    recipe: Recipe
    backbone: str
    image_size: int
    pool: PoolRef
    out: str
    start: EncoderRef | None = None
    half: bool = False
    threads: int = 1

    def to_json(self) -> str:
        """One JSON object; `from_json` reads it back."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> PreTrainingJob:
        """The job that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        pool, start = raw.pop("pool"), raw.pop("start")
        return PreTrainingJob(
            recipe=Recipe(**raw.pop("recipe")),
            pool=PoolRef(ref=DataRef(**pool.pop("ref")), **pool),
            start=None if start is None else EncoderRef(**start),
            **raw,
        )


def pretrain(job: PreTrainingJob, *, pool: Pool | None = None, device: str | None = None) -> Epochs:
    """Train to the end, from where an earlier run of the same job was stopped, and write `job.out`.

    `pool` replaces the images that the job names. Returns the metrics of every epoch.
    """
    out = Path(job.out)
    partial = out.with_name(out.name + ".partial")
    pool = open_pool(job.pool) if pool is None else pool
    torch.manual_seed(seed(job.recipe.seed, "initial"))
    encoder = (
        fresh(job.backbone, job.image_size)
        if job.start is None
        else build(job.start, job.backbone, image_size=job.image_size)
    )
    training = PreTraining(
        encoder,
        pool,
        job.recipe,
        image_size=job.image_size,
        threads=job.threads,
        device=device,
        partial=partial,
        identity=f"{job.backbone} from {job.start}",
    )
    history = training.run()
    if distributed.rank() == 0:
        encoder_file.save(
            out,
            encoder,
            name=job.name,
            backbone=job.backbone,
            provenance=provenance(job, pool, history),
            half=job.half,
        )
        partial.unlink(missing_ok=True)
    distributed.barrier()
    return history


def pretrain_json(text: str) -> None:
    """`pretrain` for a worker group, which is handed text."""
    pretrain(PreTrainingJob.from_json(text))


def open_pool(ref: PoolRef) -> Pool:
    """The images that a reference names. Raises `DataError` for anything wrong with them."""
    store = open_store(
        datasets.load(ref.ref),
        short_side=ref.short_side,
        cache_root=ref.cache_root,
        on_bad_image=ref.ref.on_bad_image,
    )
    table, digest = store.manifest.table, store.manifest.digest
    rows = np.arange(len(table), dtype=np.int64)
    if ref.split_file is not None:
        split = Split.read(ref.split_file)
        rows, digest = store.rows(split.ids("train")), f"{digest}/{split.digest}"
    chosen = table.iloc[rows]
    labels = chosen["label"].to_numpy(dtype=np.int64)
    return Pool(
        images=store,
        rows=rows,
        labels=labels,
        lesions=tuple(chosen["lesion_id"].fillna("")),
        digest=digest,
        classes=store.manifest.classes if len(labels) and labels.min() >= 0 else (),
    )


def fresh(backbone: str, image_size: int) -> Encoder:
    """An encoder with fresh weights from the current seed, to be normalised as ImageNet's images are."""
    model = bare(backbone, image_size)
    return Encoder(model, features=feature_dimension(model), mean=IMAGENET_MEAN, std=IMAGENET_STD, padding="torch")


def provenance(job: PreTrainingJob, pool: Pool, history: Epochs) -> dict[str, Any]:
    """Where a file comes from: data, configuration, versions and how the training went."""
    return {
        "source": job.pool.ref.source,
        "data_digest": pool.digest,
        "images": len(pool),
        "recipe": job.recipe.record(),
        "image_size": job.image_size,
        "start": None if job.start is None else dataclasses.asdict(job.start),
        "versions": versions(),
        "workers": distributed.world(),
        "first_loss": history[0]["loss"],
        "last_loss": history[-1]["loss"],
        "views_seen": sum(epoch["images"] for epoch in history),
        "seconds": round(sum(epoch["seconds"] for epoch in history), 1),
    }


def versions() -> dict[str, str]:
    """Of the packages that decide the numbers."""
    return {name: version(name) for name in ("torch", "timm", "lightly", "pytorch-metric-learning", "numpy")}
