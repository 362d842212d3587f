"""Duplicates: the share of changed copies that are found, what is found besides, and time and memory by size."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from datasets.cache.build_store import cores
from datasets.drawing.sets import COLLECTIONS
from datasets.duplicates.descriptors import Features
from datasets.duplicates.pairs import described, pairs

Image = np.ndarray
Change = Callable[[Image], Image]


def run(short: bool) -> dict:
    """Copies of some images searched among the originals; then one half of a set against the other, at two sizes."""
    images, what = _images(60 if short else 500)
    originals = described(images.__getitem__, len(images))
    rows = [_recall(name, change, images, originals) for name, change in CHANGES.items()]
    if not short:
        doubles = [_recall(f"{one}, {two}", _both(one, two), images, originals) for one, two in _doubles()]
        worst = min(doubles, key=lambda row: row["found"])
        mean = float(np.mean([row["found"] for row in doubles]))
        rows.append({"change": f"{len(doubles)} pairs of changes, mean", "found": mean})
        rows.append({**worst, "change": f"the worst pair: {worst['change']}"})
    rows += [_speed(size) for size in ((100, 200) if short else (5000, 10015))]
    note = (
        f"{len(images)} images of distinct lesions ({what}), each coded as JPEG of quality 88 after its change, then "
        "searched among all originals. `others`: pairs with another original that are reported besides. Sizes: a set "
        f"against a mirrored and cropped copy of each image; processor time over {cores()} cores is what a machine "
        "with nothing else to do takes."
    )
    return {"title": "Duplicates", "rows": rows, "note": note}


def _recall(name: str, change: Change, images: list[Image], originals: list[Features]) -> dict:
    copies = [coded(change(image), 88) for image in images]
    found = pairs(described(copies.__getitem__, len(copies)), originals)
    right = found["left"] == found["right"]
    return {
        "change": name,
        "found": int(found["left"][right].nunique()) / len(images),
        "as a copy": int((found["kind"][right] == "copy").sum()) / len(images),
        "others": int((~right).sum()),
    }


def _speed(size: int) -> dict:
    """A set against a mirrored and cropped copy of each of its images, features included; images are read as needed."""
    read, count, _ = _source(size)
    change = _both("border of 10 % cut off", "mirrored")
    started, processor = time.monotonic(), time.process_time()
    left = described(read, count)
    right = described(lambda row: change(read(row)), count)
    pairs(left, right)
    spent = time.process_time() - processor
    return {
        "change": f"{count:,} × {count:,} images",
        "seconds": time.monotonic() - started,
        "processor seconds / cores": spent / cores(),
        "peak GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def _images(count: int) -> tuple[list[Image], str]:
    read, count, what = _source(count)
    return [read(row) for row in range(count)], what


def _source(count: int) -> tuple[Callable[[int], Image], int, str]:
    """Images by their row, how many, and which: of distinct lesions of HAM10000 where `$SKIN_DATA` has them (all images
    for more than there are lesions), else drawn."""
    root = Path(os.environ.get("SKIN_DATA", "")) / "isic2019"
    table = root / "ISIC_2019_Training_Metadata.csv"
    if "SKIN_DATA" not in os.environ or not table.exists():
        return lambda row: COLLECTIONS["synthetic"].draw(row, 1, 1), count, "drawn"
    found = pd.read_csv(table).sort_values("image")
    found = found[found["image"].map(lambda name: (root / "ISIC_2019_Training_Input" / f"{name}.jpg").exists())]
    distinct = found.drop_duplicates("lesion_id")
    chosen = (distinct if count <= len(distinct) else found)["image"].tolist()
    chosen = chosen[:: max(1, len(chosen) // count)][:count]

    def read(row: int) -> Image:
        return np.asarray(cv2.imread(str(root / "ISIC_2019_Training_Input" / f"{chosen[row]}.jpg"))[..., ::-1])

    return read, len(chosen), "HAM10000 at 200 × 150"


def coded(image: Image, quality: int) -> Image:
    """The image after JPEG of this quality."""
    content = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))


def _border(share: float) -> Change:
    """A border of this share of height and width cut off, half of it on each side."""

    def change(image: Image) -> Image:
        top, left = (round(length * share / 2) for length in image.shape[:2])
        return image[top : image.shape[0] - top, left : image.shape[1] - left]

    return change


def _square(image: Image) -> Image:
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def _turned(degrees: float, cut: float) -> Change:
    """Turned about its centre; `cut` of height and width is cut off with the black corners."""

    def change(image: Image) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        turned = cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height), flags=cv2.INTER_CUBIC)
        return _border(cut)(turned) if cut else turned

    return change


def _resized(height: float, width: float) -> Change:
    def change(image: Image) -> Image:
        size = (max(1, round(image.shape[1] * width)), max(1, round(image.shape[0] * height)))
        return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA))

    return change


CHANGES: dict[str, Change] = {
    "border of 5 % cut off": _border(0.05),
    "border of 10 % cut off": _border(0.1),
    "border of 20 % cut off": _border(0.2),
    "centre square": _square,
    "mirrored": lambda image: image[:, ::-1],
    "quarter turn": lambda image: np.rot90(image),
    "turned by 5°": _turned(5, 0.15),
    "turned by 10°": _turned(10, 0.25),
    "turned by 10°, black corners": _turned(10, 0),
    "JPEG of quality 30": lambda image: coded(image, 30),
    "lighter, less contrast": lambda image: (image * 0.7 + 60).clip(0, 255).astype(np.uint8),
    "darker": lambda image: (image * 0.7).astype(np.uint8),
    "squeezed to a square": lambda image: _resized(1, image.shape[0] / image.shape[1])(image),
    "half the size": _resized(0.5, 0.5),
}
_DOUBLED = (
    "border of 10 % cut off",
    "centre square",
    "mirrored",
    "quarter turn",
    "turned by 10°",
    "JPEG of quality 30",
    "lighter, less contrast",
    "squeezed to a square",
)


def _doubles() -> list[tuple[str, str]]:
    return [pair for pair in combinations(_DOUBLED, 2) if pair != ("centre square", "squeezed to a square")]


def _both(one: str, two: str) -> Change:
    return lambda image: CHANGES[two](np.ascontiguousarray(CHANGES[one](image)))
