"""Building the decoded cache: in parallel, in order, and all or nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.cache.checksums import write_checksums
from datasets.cache.decode import BadImage
from datasets.cache.progress import Progress
from datasets.cache.reading import open_reader

Row = tuple[str, str, int, int, str]  # error, sha256, native height, native width, perceptual hash
AHEAD = 4
"""Pictures a thread may be ahead of the writer: bounds memory."""


def build(manifest: Manifest, directory: Path, short_side: int, progress: Progress | None = None) -> None:
    """Decode all images of the manifest into `directory`, which appears only when it is complete.

    `pixels.u8` holds the images one after the other (uint8, height × width × 3 each); `index.parquet` says for each
    row of the manifest where its image is (`offset` in bytes, `height`, `width`), its native size, sha256, perceptual
    hash, and `error`: what is wrong with a bad one. Threads, not processes: decoders release the interpreter lock.
    Raises `DataError` before any work where the disk is too small. The caller holds the lock.
    """
    for stale in directory.parent.glob(f"{directory.name}.partial-*"):
        shutil.rmtree(stale)  # a builder died; nobody else writes here while we hold the lock
    check_disk(directory.parent, len(manifest), short_side)
    draft = Path(tempfile.mkdtemp(prefix=f"{directory.name}.partial-", dir=directory.parent))
    try:
        index, pixels_sha256 = _decode_all(manifest, draft / "pixels.u8", short_side, progress)
        index.to_parquet(draft / "index.parquet", index=False)
        with open(draft / "index.parquet", "rb") as written:
            os.fsync(written.fileno())
        write_checksums(draft, pixels_sha256)
        os.chmod(draft, 0o755)
        if directory.exists():
            shutil.rmtree(directory)  # its index was taken away
        draft.replace(directory)
    finally:
        if draft.exists():
            shutil.rmtree(draft)


def check_disk(place: Path, images: int, short_side: int) -> None:
    """Raise `DataError` where the disk has no room for so many images of this size at 4:3, plus a tenth."""
    needed = int(images * short_side * short_side * 4 / 3 * 3 * 1.1)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise DataError(
            f"The cache of {images} images at {short_side} px needs about {needed / 1e9:.1f} GB, {place} has "
            f"{free / 1e9:.1f} GB free. Make room, or set SKIN_CACHE to a larger disk."
        )


def resize(pixels: np.ndarray, short_side: int) -> np.ndarray:
    """The picture with its short side at `short_side` pixels, by area averaging; smaller pictures as they are."""
    height, width = pixels.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(short_side, round(width * scale)), max(short_side, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def perceptual_hash(pixels: np.ndarray) -> str:
    """256-bit pHash (64 hex digits; Zauner 2010, as imagehash computes it) of a 64 × 64 thumbnail by area averaging.

    Of the native picture, so that it does not depend on the cache's geometry. The usual 64 bits see little but the dark
    circle of a dermatoscope: they take thousands of lesions for one another.
    """
    thumbnail = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    return str(imagehash.phash(Image.fromarray(thumbnail), hash_size=16))


def _decode_all(manifest: Manifest, path: Path, short_side: int, progress: Progress | None) -> tuple[pd.DataFrame, str]:
    """The index, and the hex sha256 of the pixels, taken while the other threads decode."""
    records: list[tuple[object, ...]] = []
    offset, digest = 0, hashlib.sha256()
    with open(path, "wb") as out:
        for (error, sha256, native_height, native_width, phash), pixels in _pictures(manifest, short_side):
            height, width = pixels.shape[:2]
            out.write(pixels.data)
            digest.update(pixels.data)
            records.append((offset, height, width, native_height, native_width, sha256, phash, error))
            offset += pixels.nbytes
            if progress and (len(records) % 50 == 0 or len(records) == len(manifest)):
                progress(len(records), len(manifest))
        out.flush()
        os.fsync(out.fileno())
    columns = ["offset", "height", "width", "native_height", "native_width", "sha256", "phash", "error"]
    index = pd.DataFrame(records, columns=columns)
    index.insert(0, "image_id", manifest.table["image_id"])
    return index, digest.hexdigest()


def _pictures(manifest: Manifest, short_side: int) -> Iterator[tuple[Row, np.ndarray]]:
    """All rows in order, decoded by as many threads as there are cores, a bounded number ahead of the writer."""
    read = open_reader(manifest)

    def one(row: int) -> tuple[Row, np.ndarray]:
        try:
            picture = read(row)
        except BadImage as error:
            return (str(error), "", 0, 0, ""), np.zeros((0, 0, 3), np.uint8)
        small = resize(picture.pixels, short_side)
        return ("", picture.sha256, *picture.pixels.shape[:2], perceptual_hash(picture.pixels)), small

    threads = cores()
    waiting: deque[Future[tuple[Row, np.ndarray]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for row in range(len(manifest)):
            waiting.append(pool.submit(one, row))
            if len(waiting) > threads * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
