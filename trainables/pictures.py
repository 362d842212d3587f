"""Scores of pictures that are in no data set: files of a user's, or of whoever asks a logged model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.cache.build_store import resize
from datasets.cache.decode import decode
from trainables.predict import Scores, predict


def predict_pictures(
    checkpoint: str,
    pictures: Sequence[bytes | NDArray[np.uint8]],
    *,
    short_side: int,
    copies: int,
    seed: int,
    rows: Sequence[int] | None = None,
) -> Scores:
    """Scores of pictures, each the bytes of a file or its pixels (uint8 RGB, height × width × 3).

    They are resized to `short_side` pixels as the decoded cache does. `rows` names each picture's random numbers; with
    a picture's row in its data set and that set's seed, the score is the one that the study's evaluation gives.
    Default: places in the sequence. Raises `BadImage` for bytes that are no sound picture.
    """
    numbers = np.arange(len(pictures)) if rows is None else np.asarray(rows, dtype=np.int64)
    pixels = [picture if isinstance(picture, np.ndarray) else decode(bytes(picture)) for picture in pictures]
    images = _Rows({int(n): resize(p, short_side) for n, p in zip(numbers, pixels, strict=True)})
    return predict(checkpoint, images, numbers, copies=copies, seed=seed)


class _Rows:
    """Some rows of a data set, under their own numbers."""

    def __init__(self, pixels: Mapping[int, NDArray[np.uint8]]) -> None:
        self._pixels = pixels

    def __len__(self) -> int:
        return max(self._pixels) + 1

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self._pixels[index]
