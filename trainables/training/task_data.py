"""A job's images and labels: which rows of the decoded cache train and which validate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.store import ImageStore, open_store
from datasets.splits.split import Part, Split
from trainables.job import TrainingData, TrainingError
from trainables.training.loader import Images
from trainables.training.validation_metrics import check_labels


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """Rows of the cache and their labels, both [n]."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """What a job trains and validates on. `lesions` [n] names the lesion of each training image ("" unknown)."""

    images: Images
    training: LabelledRows
    validation: LabelledRows
    classes: tuple[str, ...]
    lesions: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Hex sha256 (16 digits) of which rows train and validate, under which labels."""
        found = hashlib.sha256("\n".join(self.classes).encode())
        for part in (self.training, self.validation):
            found.update(part.rows.tobytes() + b"|" + part.labels.tobytes() + b"|")
        return found.hexdigest()[:16]


def load_task(data: TrainingData) -> TaskData:
    """The images of a job.

    Raises `TrainingError` when the split leaves a part nearly empty or without a class, which its AUC needs.
    """
    store = _store(data.ref, data.short_side, data.cache_root)
    split = Split.read(Path(data.split_file))
    table = store.manifest.table
    labels = dict(zip(table["image_id"], table["label"].astype(int), strict=True))
    kept = [image_id for image_id in split.ids("train") if image_id in labels]
    lesions = table.set_index("image_id")["lesion_id"].reindex(kept).fillna("")
    return TaskData(
        images=store,
        training=_part(store, labels, split, "train"),
        validation=_part(store, labels, split, "validation"),
        classes=store.manifest.classes,
        lesions=tuple(lesions.astype(str)),
    )


def _part(store: ImageStore, labels: Mapping[str, int], split: Split, name: Part) -> LabelledRows:
    ids = [image_id for image_id in split.ids(name) if image_id in labels]
    if len(ids) < 2:
        raise TrainingError(f"Training needs at least 2 images in part {name!r} of the split, got {len(ids)}.")
    found = np.array([labels[image_id] for image_id in ids], dtype=np.int64)
    check_labels(found, store.manifest.classes, name)
    return LabelledRows(rows=store.rows(ids), labels=found)


@lru_cache(maxsize=2)
def _store(ref: DataRef, short_side: int, cache_root: str | None) -> ImageStore:
    """One open cache per process: a re-used process starts its next trial without reading a manifest again."""
    return open_store(datasets.load(ref), short_side=short_side, cache_root=cache_root, on_bad_image=ref.on_bad_image)
