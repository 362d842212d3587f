"""The JPEGs that benchmarks read: real ones where `SKIN_BENCH_IMAGES` names a folder of 600×450 images, else drawn."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from datasets.cache.build_store import resize

Image = NDArray[np.uint8]
SIZES = {"1024×1024": (1024, 1024), "600×450": (450, 600)}  # height, width


def described() -> str:
    """Where the images come from, for a benchmark's note."""
    if "SKIN_BENCH_IMAGES" in os.environ:
        return "Real dermoscopic images of 600×450; those of 1024×1024 are mosaics of them (JPEG quality 95)"
    return "Drawn images (JPEG quality 95): set SKIN_BENCH_IMAGES to measure on real ones"


def jpegs(size: str, count: int, folder: Path) -> list[Path]:
    """`count` JPEG files of one of `SIZES`."""
    height, width = SIZES[size]
    if size == "600×450" and "SKIN_BENCH_IMAGES" in os.environ:
        return _real(count)
    paths = []
    for index in range(count):
        pixels = _mosaic(index, height, width) if "SKIN_BENCH_IMAGES" in os.environ else _drawn(index, height, width)
        path = folder / f"{height}-{index}.jpg"
        path.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=95, colorsubsampling="420"))
        paths.append(path)
    return paths


def cached(paths: list[Path], short_side: int) -> list[Image]:
    """The decoded images as the cache holds them."""
    return [resize(simplejpeg.decode_jpeg(path.read_bytes()), short_side) for path in paths]


def _real(count: int) -> list[Path]:
    folder = Path(os.environ["SKIN_BENCH_IMAGES"])
    found = sorted(folder.glob("*.jpg"))[:count]
    if len(found) < count:
        raise SystemExit(f"SKIN_BENCH_IMAGES needs {count} JPEGs, got {len(found)} in {folder}. Name another folder.")
    return found


def _mosaic(index: int, height: int, width: int) -> Image:
    tiles = [simplejpeg.decode_jpeg(path.read_bytes()) for path in _real(6 * (index + 1))[-6:]]
    rows = [np.concatenate(tiles[start : start + 2], axis=1) for start in (0, 2, 4)]
    return np.concatenate(rows)[:height, :width]


def _drawn(index: int, height: int, width: int) -> Image:
    """Skin, a lesion and grain: about as many bytes a pixel as a photograph of quality 95."""
    draws = np.random.default_rng(index)
    grain = cv2.GaussianBlur(draws.normal(0, 18, (height, width, 3)).astype(np.float32), (0, 0), 1.0)
    y, x = np.mgrid[0:height, 0:width]
    lesion = np.hypot((y - height / 2) / height, (x - width / 2) / width) < 0.2 + 0.1 * draws.random()
    colours = np.where(lesion[..., None], (110, 70, 60), (205, 160, 145))
    return np.clip(cv2.GaussianBlur(colours.astype(np.float32), (0, 0), 5) + grain, 0, 255).astype(np.uint8)
