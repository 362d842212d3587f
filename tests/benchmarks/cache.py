"""The decoded cache: how fast it is built against the decoder alone, how large it is, what reading it costs."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.build_store import cores, perceptual_hash, resize
from datasets.cache.store import ImageStore, open_store
from datasets.drawing.sets import COLLECTIONS
from tests.benchmarks.pairs import paired, seconds, times
from tests.datasets.many import four_readers

SIDE = 336  # pixels: 1.15 × 299, what the published study's input size needs
NATIVE = "native_600x450"  # below $SKIN_DATA: JPEG files of HAM10000 as delivered


def run(short: bool) -> dict:
    """Build, decode, read: medians of pairs that ran in turns on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        what = _pictures(root, 300 if short else 900)
        files = [path.read_bytes() for path in sorted(root.rglob("*.jpg"))]
        manifest = datasets.load(DataRef(source="folder", root=str(root)))
        count, cache = len(manifest), Path(folder) / "cache"

        def build() -> None:
            shutil.rmtree(cache, ignore_errors=True)
            open_store(manifest, short_side=SIDE, cache_root=str(cache))

        build()  # imports and first pages
        started = time.process_time()
        build()
        processor = time.process_time() - started
        built, decoded, ratios = paired(build, lambda: _decode_all(files))
        store = open_store(manifest, short_side=SIDE, cache_root=str(cache))
        read, _, reads = paired(lambda: _read_all(store), lambda: _decode_all(files, resize=True))
        added, own, size = four_readers(root, cache, SIDE)
        opened = min(seconds(lambda: open_store(manifest, short_side=SIDE, cache_root=str(cache))) for _ in range(5))
        steps = _steps(files[:100])
    rows = [
        {"what": "build (decode, check, hash, resize, write)", "value": f"{count / built:,.0f} images/s"},
        {"what": "the same by processor time", "value": f"{count / processor:,.0f} images a second of one core"},
        {"what": "the JPEG decoder alone, as many threads", "value": f"{count / decoded:,.0f} images/s"},
        {"what": "decoder's time / build's time", "value": times(ratios)},
        *({"what": f"of one core, {what}", "value": f"{spent:.2f} ms an image"} for what, spent in steps.items()),
        {"what": f"size of an image at short side {SIDE}", "value": f"{size / count / 1e6:.3f} MB"},
        {"what": "read all images from the cache", "value": f"{count / read:,.0f} images/s"},
        {"what": "time to decode and resize them again / time to read them", "value": times(reads)},
        {"what": "open a cache that is there", "value": f"{opened * 1000:.0f} ms"},
        {"what": "four readers: proportional memory in all / size of the cache", "value": f"{added / size:.2f}"},
        {"what": "four readers: memory of their own in all / size of the cache", "value": f"{own / size:.3f}"},
    ]
    note = (
        f"{count} JPEG files of 600 × 450 pixels ({what}), {cores()} cores, medians of 5 pairs. Proportional memory "
        "counts a page that four readers share as a quarter in each: 1.00 is one copy for all of them. What bounds "
        "building: area averaging, whose pixels studies rest on, takes longer than decoding; without it the perceptual "
        "hash, the checksum and writing would remain."
    )
    return {"title": "Decoded cache", "rows": rows, "note": note}


def _steps(files: list[bytes]) -> dict[str, float]:
    """Milliseconds of processor time an image for what building does, each alone on one thread: least of three."""
    native = [simplejpeg.decode_jpeg(content, strict=True) for content in files]
    small = [resize(pixels, SIDE) for pixels in native]

    def spent(work: Callable[[Any], object], on: list[Any]) -> float:
        taken = []
        for _ in range(3):
            started = time.process_time()
            for each in on:
                work(each)
            taken.append(time.process_time() - started)
        return min(taken) / len(on) * 1000

    return {
        "JPEG decoder": spent(lambda content: simplejpeg.decode_jpeg(content, strict=True), files),
        f"area averaging to {SIDE}": spent(lambda pixels: resize(pixels, SIDE), native),
        "perceptual hash": spent(perceptual_hash, native),
        "checksum of the pixels": spent(lambda pixels: hashlib.sha256(pixels.data).hexdigest(), small),
    }


def _pictures(root: Path, count: int) -> str:
    """Write `count` JPEG files of 600 × 450 below `root`; says which."""
    (root / "nevus").mkdir(parents=True)
    native = Path(os.environ.get("SKIN_DATA", "")) / NATIVE
    files = sorted(native.glob("*.jpg")) if os.environ.get("SKIN_DATA") else []
    for number in range(count):
        path = root / "nevus" / f"{number:04d}.jpg"
        if files:
            shutil.copy(files[number % len(files)], path)
        else:
            drawn = cv2.resize(COLLECTIONS["synthetic"].draw(number % 50, 1, 1), (600, 450))
            grain = np.random.default_rng(number).normal(0, 4, drawn.shape)
            cv2.imwrite(str(path), np.clip(drawn + grain, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return f"{len(files)} of HAM10000 over and over" if files else "drawn"


def _decode_all(files: list[bytes], resize: bool = False) -> None:
    """What reading without a cache costs, at least: each file decoded strictly (and resized)."""

    def one(content: bytes) -> int:
        pixels = simplejpeg.decode_jpeg(content, strict=True)
        if resize:
            pixels = cv2.resize(pixels, (448, SIDE), interpolation=cv2.INTER_AREA)
        return int(pixels[0, 0, 0])

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(one, files))


def _read_all(store: ImageStore) -> int:
    return sum(int(store[row][::8].sum(dtype=np.int64)) for row in range(len(store)))
