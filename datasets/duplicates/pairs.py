"""Pairs of pictures that show one scene: candidates by what a copy keeps, then a transform that explains the pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets.cache.progress import Progress
from datasets.duplicates.agreement import agreement
from datasets.duplicates.candidates import candidates
from datasets.duplicates.descriptors import Features, features, grey
from datasets.duplicates.geometry import fit
from datasets.duplicates.wording import words_for
from datasets.duplicates.workers import workers

VERSION = 3
"""Raised when the same pictures may give other pairs."""
AGREEMENT, SHARE, SUM = 0.6, 0.15, 0.95
"""The least correlation of structures, share of common key points, and sum of both, of a pair that is reported."""
POINTS, CERTAIN = 8, 0.95
"""Key points in common, or a correlation without so many: outlines of small lesions that are cut out on black agree by
chance in fewer points."""
COPY = 0.85
"""Correlation above which a pair is most likely one photograph: two taken in a row can lie above, and copies of coarse
JPEG below."""
COLUMNS = ("left", "right", "kind", "agreement", "share", "transform")

_T = TypeVar("_T")
Pictures = Callable[[int], NDArray[np.uint8]]
"""The RGB pixels (uint8) of a row."""


def described(pictures: Pictures, count: int, progress: Progress | None = None) -> list[Features]:
    """The features of rows 0 to `count` - 1, by as many threads as there are cores."""
    with workers() as pool:
        return list(told(pool.map(lambda row: features(grey(pictures(row))), range(count)), count, progress))


def pairs(left: Sequence[Features], right: Sequence[Features], progress: Progress | None = None) -> pd.DataFrame:
    """One row a pair (`COLUMNS`): rows in both sets, `kind` `copy` or `photograph` (another one of the same lesion, or
    a coarsely coded copy), `agreement` (correlation) and `share` (of common key points), and the transform in words.

    `left is right` compares a set with itself; each pair is there once, `left` < `right`.
    """

    def judge(pair: NDArray[np.int64]) -> tuple[object, ...] | None:
        one, other = left[pair[0]], right[pair[1]]
        found = fit(one, other)
        if found is None or found.share < SHARE:
            return None
        value = agreement(one.picture, other.picture, found.transform)
        if value < AGREEMENT or value + found.share < SUM or (found.support < POINTS and value < CERTAIN):
            return None
        kind = "copy" if value >= COPY else "photograph"
        words = words_for(found.transform, one.size, other.size)
        return int(pair[0]), int(pair[1]), kind, value, found.share, words

    if not left or not right:
        return pd.DataFrame(columns=list(COLUMNS))
    with workers() as pool:
        asked = candidates(left, right, pool)
        rows = [row for row in told(pool.map(judge, asked), len(asked), progress) if row is not None]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def told(results: Iterable[_T], count: int, progress: Progress | None) -> Iterator[_T]:
    """The results as they come; `progress` hears of every thousandth and of the last."""
    for done, result in enumerate(results, 1):
        if progress and (done % 1000 == 0 or done == count):
            progress(done, count)
        yield result
