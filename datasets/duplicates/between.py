"""The duplicates between two stores of decoded images, found once and kept beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from datasets.base.atomic_files import written_whole
from datasets.cache.progress import Progress
from datasets.cache.reading import reader
from datasets.cache.store import ImageStore
from datasets.duplicates.descriptors import SHORT_SIDE, Features
from datasets.duplicates.pairs import VERSION, described, pairs

COLUMNS = ["image_id", "other_id", "kind", "transform"]
"""Ids in both stores, whether the two are most likely one photograph (`copy`) or two of one lesion (`photograph`), and
what was done to the first."""


class Comparison:
    """Compares stores with each other; the pictures of each are described once. `short_side` is that of the stores;
    `say` hears how far a long comparison is."""

    def __init__(self, short_side: int, say: Callable[[str], None] | None = None) -> None:
        self._short_side, self._say = short_side, say
        self._described: dict[Path, list[Features]] = {}

    def between(self, judged: ImageStore, other: ImageStore) -> pd.DataFrame:
        """One row a pair (`COLUMNS`); of a store with itself each pair once. Kept on disk for the next audit.

        Drawn pictures are each of their own, and are not compared.
        """
        if judged.manifest.root is None or other.manifest.root is None:
            return pd.DataFrame(columns=COLUMNS)
        path = self._path(judged, other)
        if path.exists():
            return pd.read_parquet(path).astype(object)
        names = f"data={judged.manifest.name},{other.manifest.name}"
        found = pairs(self._features(judged), self._features(other), self._progress(f"compare {names}"))
        ids = [each.manifest.table["image_id"].to_numpy(object) for each in (judged, other)]
        rows = [found[side].to_numpy("int64") for side in ("left", "right")]
        table = pd.DataFrame({"image_id": ids[0][rows[0]], "other_id": ids[1][rows[1]]})
        table = table.assign(kind=found["kind"], transform=found["transform"]).astype(object)
        with written_whole(path) as file:
            table.to_parquet(file, index=False)
        return table

    def _path(self, judged: ImageStore, other: ImageStore) -> Path:
        """The stores' names change with their images; how many of them are sound depends on what is skipped."""
        parts = [VERSION, *(f"{each.directory.name}:{len(each)}" for each in (judged, other))]
        key = hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()[:16]
        return judged.directory.parent / f"duplicates-{key}.parquet"

    def _features(self, store: ImageStore) -> list[Features]:
        if store.directory not in self._described:
            small = self._short_side < SHORT_SIDE  # too coarse to recognise a picture by
            pictures = reader(store.manifest) if small else store.__getitem__
            progress = self._progress(f"describe data={store.manifest.name}")
            self._described[store.directory] = described(pictures, len(store), progress)
        return self._described[store.directory]

    def _progress(self, what: str) -> Progress | None:
        say = self._say
        return None if say is None else lambda done, of: say(f"{what} done={done}/{of}")
