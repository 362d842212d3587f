"""The labelled images of one part of a split, ready for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import datasets
from datasets.cache import ImageStore, open_store
from datasets.splits import Part, Split
from trainables.job import TrainingData
from trainables.loader import Images, Rows
from trainables.metrics import Labels, check_labels

IN_MEMORY = 1 << 30  # bytes of decoded images that a trial copies out of the cache


@dataclass(frozen=True, kw_only=True)
class Examples:
    """`images[i]` (uint8 [H, W, 3]) has `labels[i]`, an index into `classes`, and the names in `ids`/`lesions`."""

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    lesions: tuple[str, ...]  # a lesion's name; the image's own where the source knows none

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def rows(self) -> Rows:
        """All of them."""
        return np.arange(len(self), dtype=np.int64)


def open_examples(data: TrainingData, parts: tuple[Part, ...] = ("train", "validation")) -> list[Examples]:
    """The parts of a job's split. Raises `TrainingError` where a class is missing or an image has no label."""
    manifest = datasets.load(data.ref)
    store = open_store(
        manifest, short_side=data.short_side, cache_root=data.cache_root, on_bad_image=data.ref.on_bad_image
    )
    split = Split.read(data.split_file)
    return [_examples(store, split, part) for part in parts]


def _examples(store: ImageStore, split: Split, part: Part) -> Examples:
    table = store.manifest.table
    members = np.flatnonzero(table["image_id"].isin(set(split.ids(part))).to_numpy()).astype(np.int64)
    chosen = table.iloc[members]
    labels = chosen["label"].to_numpy(dtype=np.int64)
    check_labels(labels, store.manifest.classes, part)
    return Examples(
        images=_Rows(store, members),
        labels=labels,
        classes=store.manifest.classes,
        ids=tuple(chosen["image_id"]),
        lesions=tuple(chosen["lesion_id"].fillna(chosen["image_id"])),
    )


class _Rows:
    """Some rows of a store; in memory, where they are few, so that no epoch waits for a disk."""

    def __init__(self, store: ImageStore, rows: Rows) -> None:
        self._store, self._rows = store, rows
        self._held: list[np.ndarray] = []
        views = [store[int(row)] for row in rows]
        if sum(view.nbytes for view in views) <= IN_MEMORY:
            self._held = [view.copy() for view in views]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._held[index] if self._held else self._store[int(self._rows[index])]
