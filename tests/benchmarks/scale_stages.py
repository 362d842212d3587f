"""The stages of `scale` and `scale_large`, one a process; arguments: stage, side, size, folder of the set, result."""

from __future__ import annotations

import io
import json
import pickle
import resource
import sys
import tarfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np

import datasets
from datasets.audit import audit
from datasets.base.manifest import DataRef, Manifest
from datasets.cache.build_store import cores
from datasets.cache.reading import reader
from datasets.cache.store import ImageStore, open_store
from datasets.drawing.sets import COLLECTIONS
from datasets.duplicates.candidates import candidates
from datasets.duplicates.descriptors import Features
from datasets.duplicates.pairs import described, pairs
from datasets.duplicates.workers import workers

SHARD = 1000
SHORT_SIDES = {130: 72, 1024: 252}
"""Side of the drawn pictures -> short side in the cache, for training at 64 and at 224 px."""
PIECE = 10_000
"""Images of one side that are described and searched at once: some minutes of work."""
SAMPLE = 10_000
"""Candidates that are verified to know what one costs."""
ONE_THREAD = ("manifest", "audit", "open", "read")
"""Stages that other cores do not help."""


@dataclass(frozen=True)
class Drawn:
    """A set of drawn pictures, and the folder that holds it with all that is made from it."""

    side: int
    size: int
    state: Path

    @property
    def root(self) -> Path:
        return self.state / f"images-{self.size}"

    def manifest(self) -> Manifest:
        return datasets.load(DataRef(source="isic2024", root=str(self.root), task="malignancy", allow_missing=True))

    def store(self, thorough: bool = False) -> ImageStore:
        side = SHORT_SIDES[self.side]
        return open_store(self.manifest(), short_side=side, cache_root=str(self.state / "cache"), thorough=thorough)

    def features(self, side: str, pieces: int | None = None) -> list[Features]:
        paths = sorted(self.state.glob(f"{self.size}-{side}-*.pickle"))[:pieces]
        return [each for path in paths for each in pickle.loads(path.read_bytes())]  # noqa: S301 - written by `describe`


def draw(drawn: Drawn) -> dict:
    """Tar shards of drawn crops and a table in ISIC 2024's form."""
    root, size = drawn.root, drawn.size
    (root / "shards").mkdir(parents=True, exist_ok=True)
    starts = [start for start in range(0, size, SHARD) if not (root / "shards" / f"{start:07d}.tar").exists()]
    with ProcessPoolExecutor(cores()) as pool:
        counts = [min(SHARD, size - start) for start in starts]
        list(pool.map(_shard, [root] * len(starts), [drawn.side] * len(starts), starts, counts))
    head = "isic_id,target,iddx_1,patient_id,lesion_id,age_approx,sex,anatom_site_general"
    rows = [
        f"ISIC_{number:07d},{int(number % 50 == 0)},{'Malignant' if number % 50 == 0 else 'Benign'},"
        f"IP_{number // 40:07d},IL_{number:07d},{20 + number % 60},male,anterior torso"
        for number in range(size)
    ]
    (root / "train-metadata.csv").write_text("\n".join([head, *rows]) + "\n")
    return {}


def _shard(root: Path, side: int, start: int, count: int) -> None:
    path = root / "shards" / f"{start:07d}.tar"
    with tarfile.open(path.with_suffix(".part"), "w") as archive:
        for number in range(start, start + count):
            content = cv2.imencode(".jpg", _crop(side, number), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
            member = tarfile.TarInfo(f"ISIC_{number:07d}.jpg")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.with_suffix(".part").replace(path)


def _crop(side: int, number: int) -> np.ndarray:
    drawn = cv2.resize(
        COLLECTIONS["synthetic"].draw(number, 1, 1), (side * 13 // 10, side), interpolation=cv2.INTER_CUBIC
    )
    grain = np.random.default_rng(number).normal(0, 3, (side, side, 1))
    return np.clip(drawn[:, side * 3 // 20 :][:, :side] + grain, 0, 255).astype(np.uint8)


def manifest(drawn: Drawn) -> dict:
    """All rows, with their paths inside the shards."""
    return {"rows": len(drawn.manifest())}


def audit_ids(drawn: Drawn) -> dict:
    """One split into three parts, images, lesions and patients compared."""
    found, size = drawn.manifest(), drawn.size
    ids = found.table["image_id"].tolist()
    bounds = (0, size * 7 // 10, size * 8 // 10, size)
    parts = {
        name: frozenset(ids[start:stop])
        for name, start, stop in zip(("train", "validation", "test"), bounds, bounds[1:], strict=False)
    }
    return {"findings": len(audit(found, {"one": parts}, {}))}


def cache(drawn: Drawn) -> dict:
    """The cache, built."""
    return {"bytes": drawn.store().nbytes}


def open_thorough(drawn: Drawn) -> dict:
    """The cache, opened as a study opens it."""
    return {"rows": len(drawn.store(thorough=True))}


def read(drawn: Drawn) -> dict:
    """Every pixel of every image."""
    store = drawn.store()
    return {"sum": sum(int(store[row].sum(dtype=np.int64)) for row in range(len(store)))}


def describe(drawn: Drawn) -> dict:
    """Features of the images, and of a mirrored and cropped copy of those of the first piece, kept piece by piece.

    Time and bytes are those of copies of all: the rest would cost as much.
    """
    size, state = drawn.size, drawn.state
    picture, total, count = reader(drawn.manifest()), 0, 0  # as an audit does where a cache is too coarse
    started = time.process_time()
    for start in range(0, size, PIECE):
        for side, change in (("left", _changed), ("right", lambda pixels: pixels)):
            if side == "left" and start:
                continue
            found = described(lambda row, at=start, do=change: do(picture(at + row)), min(PIECE, size - start))
            path = state / f"{size}-{side}-{start:07d}.pickle"
            path.write_bytes(pickle.dumps(found, protocol=5))
            total, count = total + path.stat().st_size, count + len(found)
    seconds = (time.process_time() - started) / cores()
    return {"seconds": seconds * 2 * size / count, "bytes": total * 2 * size / count}


def _changed(pixels: np.ndarray) -> np.ndarray:
    edge = len(pixels) // 20
    return np.ascontiguousarray(pixels[edge:-edge, edge:-edge][:, ::-1])


def search(drawn: Drawn) -> dict:
    """Candidates of the first piece of the left side among all of the right, times the pieces that there are."""
    size, state = drawn.size, drawn.state
    left, right = drawn.features("left")[:PIECE], drawn.features("right")
    with workers() as pool:
        started = time.process_time()
        found = candidates(left, right, pool)
        seconds = (time.process_time() - started) / cores()
    near = found[found[:, 1] < PIECE]
    (state / f"{size}-candidates.pickle").write_bytes(pickle.dumps(near[:: max(1, len(near) // SAMPLE)]))
    hit = int((found[:, 0] == found[:, 1]).sum())
    return {"seconds": seconds * size / len(left), "pairs": len(found), "found": hit / len(left)}


def verify(drawn: Drawn) -> dict:
    """A sample of the candidates, times their number: five each way for every image."""
    size, state = drawn.size, drawn.state
    left, right = drawn.features("left", 1), drawn.features("right", 1)
    sample = pickle.loads((state / f"{size}-candidates.pickle").read_bytes())  # noqa: S301 - written above
    with patch.object(import_module("datasets.duplicates.pairs"), "candidates", lambda *_: sample):
        started = time.process_time()
        found = pairs(left, right)
        seconds = (time.process_time() - started) / cores()
    pair_count = 10 * size
    right_ones = int((found["left"] == found["right"]).sum())
    return {
        "seconds": seconds * pair_count / len(sample),
        "sample": len(sample),
        "right": right_ones,
        "all": len(found),
    }


WORK: dict[str, Callable[[Drawn], dict]] = {
    "draw": draw,
    "manifest": manifest,
    "audit": audit_ids,
    "cache": cache,
    "open": open_thorough,
    "read": read,
    "describe": describe,
    "search": search,
    "verify": verify,
}


def main(stage: str, drawn: Drawn, out: Path) -> None:
    """Run one stage; write its processor seconds over cores, its peak memory, and what it says itself."""
    before = time.process_time()
    said = WORK[stage](drawn)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds = (time.process_time() - before) / (1 if stage in ONE_THREAD else cores())
    out.write_text(json.dumps({"seconds": seconds, "peak_gb": peak, **said}))


if __name__ == "__main__":
    main(sys.argv[1], Drawn(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])), Path(sys.argv[5]))
