"""Pairs of pictures that show one scene: candidates by what a copy keeps, then a transform that explains the pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets.cache.build_store import cores
from datasets.duplicates.agreement import agreement
from datasets.duplicates.candidates import candidates
from datasets.duplicates.descriptors import Features, features, grey
from datasets.duplicates.geometry import fit
from datasets.duplicates.wording import words_for

VERSION = 1
"""Raised when the same pictures may give other pairs."""
AGREEMENT, SHARE, SUM = 0.6, 0.15, 0.95
"""The least correlation of structures, share of common key points, and sum of both, of a pair that is reported."""
COPY = 0.85
"""Correlation above which a pair is one photograph. Copies of coarse JPEG can lie below, as do two photographs."""
COLUMNS = ("left", "right", "kind", "agreement", "share", "transform")

Pictures = Callable[[int], NDArray[np.uint8]]
"""The RGB pixels (uint8) of a row."""


def described(pictures: Pictures, count: int) -> list[Features]:
    """The features of rows 0 to `count` - 1, by as many threads as there are cores."""
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(lambda row: features(grey(pictures(row))), range(count)))


def pairs(left: Sequence[Features], right: Sequence[Features]) -> pd.DataFrame:
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
        if value < AGREEMENT or value + found.share < SUM:
            return None
        kind = "copy" if value >= COPY else "photograph"
        words = words_for(found.transform, one.size, other.size)
        return int(pair[0]), int(pair[1]), kind, value, found.share, words

    if not left or not right:
        return pd.DataFrame(columns=list(COLUMNS))
    with ThreadPoolExecutor(cores()) as pool:
        rows = [row for row in pool.map(judge, candidates(left, right)) if row is not None]
    return pd.DataFrame(rows, columns=list(COLUMNS))
