"""The decoded cache: every image decoded once a node, resized, and shared by all processes through one memory map."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest, OnBadImage
from datasets.base.roots import Root
from datasets.cache.build_store import build
from datasets.cache.checksums import check
from datasets.cache.progress import Progress

VERSION = 4
"""Raised when decoding, resizing or what is recorded changes, so that no old cache is taken for a new one."""
LOCK_SECONDS = 4 * 3600.0
"""How long to wait for another builder: longer than decoding the largest set takes."""


class ImageStore:
    """The images of a manifest, decoded and resized, read-only and memory-mapped.

    `store[i]` is row `i` of `store.manifest.table`: uint8 RGB, height × width × 3, a view into the map. The short side
    is `short_side` pixels; an image whose short side is smaller natively keeps its native size (nothing is enlarged).
    Pickles as its location, and opens the map anew where it is unpickled.
    """

    def __init__(self, manifest: Manifest, directory: Path, on_bad_image: OnBadImage) -> None:
        index = pd.read_parquet(directory / "index.parquet")
        size = os.path.getsize(directory / "pixels.u8")
        bad = (index["error"] != "").to_numpy()
        if bad.any() and on_bad_image == "fail":
            raise DataError(describe_bad(manifest, index))
        note = None
        if bad.any():
            note = f"{int(bad.sum())} of {len(index)} images skipped as bad: " + _listing(manifest, index)
        self.directory = directory
        self._source, self._on_bad_image = manifest, on_bad_image
        filled = replace(manifest, table=manifest.table.assign(sha256=index["sha256"].to_numpy()))
        self.manifest = filled.where(pd.Series(~bad), note)
        self.index = index[~bad].reset_index(drop=True)
        self._offset = self.index["offset"].to_numpy()
        self._height, self._width = self.index["height"].to_numpy(), self.index["width"].to_numpy()
        empty = np.zeros(0, np.uint8)
        self._pixels = np.memmap(directory / "pixels.u8", np.uint8, "r") if size else empty
        self._row_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._offset)

    def __getitem__(self, row: int) -> np.ndarray:
        start, height, width = int(self._offset[row]), int(self._height[row]), int(self._width[row])
        view: np.ndarray = np.asarray(self._pixels[start : start + height * width * 3]).reshape(height, width, 3)
        return view

    def __reduce__(self) -> tuple[object, ...]:
        return ImageStore, (self._source, self.directory, self._on_bad_image)

    def rows(self, image_ids: Iterable[str]) -> np.ndarray:
        """Rows (int64) of these images, in their order. Raises `DataError` for an id that the store does not hold."""
        if not self._row_of:
            self._row_of = {image_id: row for row, image_id in enumerate(self.manifest.table["image_id"])}
        try:
            return np.asarray([self._row_of[image_id] for image_id in image_ids], dtype=np.int64)
        except KeyError as error:
            raise DataError(f"{self.manifest.name}: the store holds its manifest's images, got {error}.") from None

    @property
    def nbytes(self) -> int:
        """Bytes of pixels on disk."""
        return int(self._pixels.size)


def open_store(
    manifest: Manifest,
    *,
    short_side: int,
    cache_root: str | None = None,
    on_bad_image: OnBadImage = "fail",
    progress: Progress | None = None,
    thorough: bool = False,
) -> ImageStore:
    """The store of a manifest's images at this short side (pixels), built if it is not there.

    A store that is there is compared with its checksums: by size and time of its files, or, `thorough`, by content.
    The first process of a node builds it, under a file lock; others wait and share. A build that dies leaves nothing
    that is taken for a cache. A file that changes (size or time) gives another cache. Raises `DataError` for bad images
    (all of them, found in one pass) unless they are skipped, for a full disk, and for a lock that is never released.
    """
    root = Path(cache_root or default_root())
    directory = root / _key(manifest, short_side)
    if not (directory / "index.parquet").exists():
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{directory}.lock", timeout=LOCK_SECONDS):
                if not (directory / "index.parquet").exists():
                    build(manifest, directory, short_side, progress)
                    thorough = False
        except Timeout as error:
            raise DataError(f"{directory}.lock is held for over {LOCK_SECONDS / 3600:g} h. Stop its holder.") from error
        except OSError as error:
            raise DataError(f"A cache needs a place to write, got {str(root)!r}: {error}. Set SKIN_CACHE.") from error
    check(directory, thorough=thorough)
    return ImageStore(manifest, directory, on_bad_image)


def read_index(manifest: Manifest, *, short_side: int, cache_root: str | None = None) -> pd.DataFrame | None:
    """The index of a manifest's store if it has been built (columns as `build_store.build` says), else None."""
    path = Path(cache_root or default_root()) / _key(manifest, short_side) / "index.parquet"
    return pd.read_parquet(path) if path.exists() else None


def default_root() -> str:
    """`$SKIN_CACHE`, else `skin-lesion-study` in the user's cache directory.

    Raises `DataError` for an address of an object store: processes share a cache through memory maps of local files.
    """
    if "://" in os.environ.get("SKIN_CACHE", ""):
        raise DataError(
            f"A cache is a local directory, got SKIN_CACHE={os.environ['SKIN_CACHE']}. Name a disk of this node; the "
            "images themselves may lie on an object store."
        )
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("SKIN_CACHE") or os.path.join(cache, "skin-lesion-study")


def describe_bad(manifest: Manifest, index: pd.DataFrame) -> str:
    """The error about all bad images of a manifest at once."""
    count = int((index["error"] != "").sum())
    return (
        f"{manifest.name}: every image is sound, but {count} of {len(index)} are not: {_listing(manifest, index)}. "
        f"Replace these files below {manifest.root!r}, or set on_bad_image: skip."
    )


def _listing(manifest: Manifest, index: pd.DataFrame, most: int = 20) -> str:
    """Bad images by their files, with endings and folders: what a person can look for."""
    bad = index[index["error"] != ""]
    path = dict(zip(manifest.table["image_id"], manifest.table["path"], strict=True))
    shown = [f"{path[name] or name} ({error})" for name, error in bad[["image_id", "error"]].head(most).to_numpy()]
    return "; ".join(shown) + (f"; and {len(bad) - most} more" if len(bad) > most else "")


def _key(manifest: Manifest, short_side: int) -> str:
    if manifest.root is None:
        stamps = [_drawing()]
    else:
        stamps = [manifest.root, *Root(manifest.root).stamps(manifest.table["path"].tolist())]
    content = hashlib.sha256("\n".join([str(VERSION), *stamps]).encode()).hexdigest()[:12]
    return f"{manifest.name}-{manifest.digest}-{short_side}-{content}"


def _drawing() -> str:
    """Digest of the code that draws pictures: drawn anew, they are other pictures."""
    folder = resources.files("datasets.drawing")
    texts = [file.read_bytes() for file in sorted(folder.iterdir(), key=lambda each: each.name) if file.is_file()]
    return hashlib.sha256(b"".join(texts)).hexdigest()
