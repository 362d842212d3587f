"""From a row of a manifest to a sound picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.base.roots import Root
from datasets.cache.decode import BadImage, decode
from datasets.drawing.draw import draw


@dataclass(frozen=True)
class Picture:
    """Pixels (uint8 RGB, height × width × 3) and the hex sha256 of the bytes they come from."""

    pixels: np.ndarray
    sha256: str


def open_reader(manifest: Manifest) -> Callable[[int], Picture]:
    """A function from a row of `manifest.table` to its picture in native size; several threads may call it.

    It raises `BadImage` for a file that is no sound picture, that lies outside the root, that cannot be read, or whose
    sha256 is not the one that the manifest gives.
    """
    if manifest.root is None:
        return _drawn(manifest)
    root = Root(manifest.root)
    paths, digests = manifest.table["path"].tolist(), manifest.table["sha256"].tolist()

    def read(row: int) -> Picture:
        try:
            content = root.read(paths[row])
        except DataError as error:
            raise BadImage(str(error)) from error
        digest = hashlib.sha256(content).hexdigest()
        if isinstance(digests[row], str) and digests[row] != digest:
            raise BadImage(f"the content's sha256 is {digest[:12]}…, the manifest says {digests[row][:12]}…")
        return Picture(decode(content), digest)

    return read


def reader(manifest: Manifest) -> Callable[[int], np.ndarray]:
    """A function from a row of `manifest.table` to its pixels: uint8, height × width × 3, RGB, in native size.

    It raises `BadImage` (a `DataError`) for a file that is no sound picture.
    """
    read = open_reader(manifest)
    return lambda row: read(row).pixels


def _drawn(manifest: Manifest) -> Callable[[int], Picture]:
    ids = manifest.table["image_id"].tolist()

    def read(row: int) -> Picture:
        pixels = draw(manifest.name, ids[row])
        return Picture(pixels, hashlib.sha256(pixels.tobytes()).hexdigest())

    return read
