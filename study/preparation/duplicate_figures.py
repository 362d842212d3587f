"""Pairs of pictures that the audit takes for one scene, side by side, for a person to judge."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2

from datasets.cache.store import ImageStore
from study.preparation.leakage import duplicates
from study.preparation.thumbnails import QUALITY, Image
from study.spec.model import StudySpec

SIDE = 160  # pixels: long side of a picture of a pair
PAIRS = 60
"""Pairs that are shown for each data set; the rest are counted."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two pictures as base64 JPEG with their ids, `kind` and what was done to the first."""

    first: str
    second: str
    first_id: str
    second_id: str
    kind: str
    transform: str


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The first `PAIRS` of the `count` pairs between a data set and the training source."""

    name: str
    count: int
    shown: list[Pair]


def duplicate_figures(spec: StudySpec, stores: Mapping[str, ImageStore]) -> Iterator[Pairs]:
    """Pairs of each test set with the training source, then pairs within it; likely photographs come last."""
    source = spec.train.source
    train = stores[source]
    for name, table in sorted(duplicates(spec, stores).items(), key=lambda found: found[0] == source):
        if len(table):
            first = table.sort_values("kind", kind="stable").head(PAIRS)
            shown = [_pair(stores[name], train, *row) for row in first.itertuples(index=False, name=None)]
            yield Pairs(name=name, count=len(table), shown=shown)


def _pair(judged: ImageStore, other: ImageStore, image_id: str, other_id: str, kind: str, transform: str) -> Pair:
    first, second = judged[int(judged.rows([image_id])[0])], other[int(other.rows([other_id])[0])]
    return Pair(
        first=_jpeg(first),
        second=_jpeg(second),
        first_id=image_id,
        second_id=other_id,
        kind=kind,
        transform=transform,
    )


def _jpeg(image: Image) -> str:
    """The whole picture, its long side at most `SIDE` pixels."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return base64.b64encode(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()).decode()
