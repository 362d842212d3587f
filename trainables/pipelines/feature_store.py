"""The store of frozen features: an encoder reads an image once, for all trials, replicates and fractions of a study."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from datasets.base.atomic_files import file_digest
from trainables.pipelines.turns import wait_for_turn
from trainables.training import distributed

CHUNK = 1024  # images between two writes: a killed trial loses at most so many
KEYS, VALUES = ".keys.npy", ".values.npy"
DIGITS = 32  # of the digest that names a segment

Compute = Callable[[NDArray[np.int64]], NDArray[Any]]
"""`compute(places)`: the features [n, …] of the images at these places of the keys that were asked for."""


class StoredFeatures:
    """StoredFeatures of images in the order that they were asked for, read from their files when they are taken.

    `computed`: how many of them this process and its group had to compute.
    """

    def __init__(self, parts: Sequence[NDArray[Any]], part: NDArray[np.int64], row: NDArray[np.int64]) -> None:
        self._parts, self._part, self._row = parts, part, row
        self.computed = 0

    def __len__(self) -> int:
        return len(self._row)

    def take(self, places: NDArray[np.int64] | slice = slice(None)) -> NDArray[Any]:
        """[n, …]: the features at these places."""
        part, row = self._part[places], self._row[places]
        found = np.empty((len(row), *self._parts[0].shape[1:]), dtype=self._parts[0].dtype)
        for index in np.unique(part):
            found[part == index] = self._parts[index][row[part == index]]
        return found


def obtain(directory: Path | None, keys: Sequence[str], compute: Compute) -> StoredFeatures:
    """The features of the images that `keys` (hex sha256) name, computed where `directory` lacks them.

    One trial at a time computes, and writes every `CHUNK` images what it has; the others wait for those that they need,
    on whatever node they are. A worker group shares the work. Where a file system's locks do not reach other nodes, two
    may compute the same, and either is read. None: nothing is kept. Raises `OSError` after a day's wait.
    """
    if directory is None:
        values = _shared(compute, np.arange(len(keys)))
        features = StoredFeatures([values], np.zeros(len(keys), np.int64), np.arange(len(keys)))
        features.computed = len(keys)
        return features
    directory.mkdir(parents=True, exist_ok=True)
    lock, computed = FileLock(directory / "lock"), 0
    try:
        if wait_for_turn(lambda: not _missing(directory, keys), lock):
            # Only the first process of a group looks, so that all of them compute the same.
            missing = distributed.gather(_missing(directory, keys) if distributed.rank() == 0 else None)[0]
            for start in range(0, len(missing), CHUNK):
                places = np.asarray(missing[start : start + CHUNK], dtype=np.int64)
                values = _shared(compute, places)
                if distributed.rank() == 0:
                    _write(directory, [keys[place] for place in places], values)
            computed = len(missing)
            distributed.barrier()
    finally:
        lock.release()
    features = _read(directory, keys)
    features.computed = computed
    return features


def _shared(compute: Compute, places: NDArray[np.int64]) -> NDArray[Any]:
    """What `compute` gives for these places, each process of the group computing its share."""
    own = np.array_split(places, distributed.world())[distributed.rank()]
    parts = distributed.gather(compute(own) if len(own) else None)
    return np.concatenate([part for part in parts if part is not None])


def _missing(directory: Path, keys: Sequence[str]) -> list[int]:
    """Places of the keys that no file holds, the first of equal ones alone."""
    there: set[str] = set()
    for _, held in _segments(directory):
        there.update(held)
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    return sorted(place for key, place in first.items() if key not in there)


def _segments(directory: Path) -> Iterable[tuple[Path, list[str]]]:
    """The segments whose files are as they were written. Others are computed anew, as if they were not there."""
    for path in sorted(directory.glob(f"*{KEYS}")):
        values = path.with_name(path.name.removesuffix(KEYS) + VALUES)
        if _intact(path, values):
            yield values, np.load(path, allow_pickle=False).tolist()


def _intact(keys: Path, values: Path) -> bool:
    """Whether the files have the digest that is their name; read once by a process, unless they change."""
    name = keys.name.removesuffix(KEYS)
    if len(name) < DIGITS:  # of an older version: a random name
        return values.exists()
    try:
        states = tuple((path.stat().st_size, path.stat().st_mtime_ns) for path in (keys, values))
        return _right(keys, values, name, states)
    except FileNotFoundError:
        return False


@lru_cache(maxsize=4096)
def _right(keys: Path, values: Path, name: str, states: tuple[tuple[int, int], ...]) -> bool:
    digests = file_digest(values) + file_digest(keys)
    return hashlib.sha256(digests.encode()).hexdigest()[:DIGITS] == name


def _write(directory: Path, keys: Sequence[str], values: NDArray[Any]) -> None:
    """A segment: its values, and then its keys, which say that the values are whole. Its name is their digest."""
    with tempfile.TemporaryDirectory(prefix=".segment-", dir=directory) as draft:
        for ending, content in ((VALUES, values), (KEYS, np.asarray(keys))):
            with open(Path(draft) / ending, "wb") as file:
                np.save(file, content, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        digests = file_digest(Path(draft) / VALUES) + file_digest(Path(draft) / KEYS)
        name = hashlib.sha256(digests.encode()).hexdigest()[:DIGITS]
        for ending in (VALUES, KEYS):
            os.replace(Path(draft) / ending, directory / f"{name}{ending}")


def _read(directory: Path, keys: Sequence[str]) -> StoredFeatures:
    parts: list[NDArray[Any]] = []
    place: dict[str, tuple[int, int]] = {}
    for path, held in _segments(directory):
        parts.append(np.load(path, mmap_mode="r", allow_pickle=False))
        for row, key in enumerate(held):
            place.setdefault(key, (len(parts) - 1, row))
    found = np.array([place[key] for key in keys], dtype=np.int64).reshape(-1, 2)
    return StoredFeatures(parts, found[:, 0], found[:, 1])
