"""Stage one: for every picture the few of the other side that it may be a copy of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from datasets.duplicates.descriptors import VIEWS, Features, Floats, mirrored
from datasets.duplicates.vlad import vocabulary

BY_KEYPOINTS, BY_FREQUENCIES = 3, 2
"""Neighbours that are verified, by either likeness. With these, of 500 dermoscopic images .998 or more were found among
3,000 of other lesions after any one of: crops of 5, 10 and 20 %, centre square, mirror, quarter turn, turns of 5° and
10°, JPEG at quality 30, other light."""
_BLOCK, _TILE = 256, 1024  # rows and columns of products that stay in a core's cache

Pairs = NDArray[np.int64]
"""[n, 2]: positions in `left` and in `right`."""
Likeness = Callable[[slice], Floats]
"""Cosines of some pictures of `left` ([rows, right])."""


def candidates(left: Sequence[Features], right: Sequence[Features], pool: ThreadPoolExecutor) -> Pairs:
    """Pairs to verify: each picture's nearest on the other side, both ways, by key points and by low frequencies.

    Both likenesses hold for mirrored pictures. Key points stand turns and crops anywhere, low frequencies what leaves
    a picture few key points: coarse coding and smooth skin. `left is right` compares a set with itself.
    """
    found = [
        *_nearest(_by_keypoints(left, right, pool), len(left), len(right), BY_KEYPOINTS, left is right, pool),
        *_nearest(_by_frequencies(left, right), len(left), len(right), BY_FREQUENCIES, left is right, pool),
    ]
    pairs = np.concatenate(found) if found else np.zeros((0, 2), np.int64)
    if left is right:
        pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


def _by_keypoints(left: Sequence[Features], right: Sequence[Features], pool: ThreadPoolExecutor) -> Likeness:
    words = vocabulary(left)
    theirs = np.stack(list(pool.map(lambda each: words.vector(each.descriptors), right))).T
    ours = [
        np.stack(list(pool.map(lambda each: words.vector(each.descriptors), left))),
        np.stack(list(pool.map(lambda each: words.vector(mirrored(each.descriptors)), left))),
    ]
    return lambda rows: np.maximum(ours[0][rows] @ theirs, ours[1][rows] @ theirs)


def _by_frequencies(left: Sequence[Features], right: Sequence[Features]) -> Likeness:
    """The best of any central part of one in any orientation of the other, both ways."""
    whole = [np.stack([each.oriented for each in side]) for side in (left, right)]
    parts = [np.stack([each.views for each in side]) for side in (left, right)]

    def likeness(rows: slice) -> Floats:
        best = np.full((len(whole[0][rows]), len(right)), -1, np.float32)
        for start in range(0, len(right), _TILE):
            columns = slice(start, start + _TILE)
            tile = best[:, columns].copy()
            for orientation in range(whole[0].shape[1]):
                for view in range(len(VIEWS)):
                    np.maximum(tile, whole[0][rows, orientation] @ parts[1][columns, view].T, out=tile)
                    np.maximum(tile, parts[0][rows, view] @ whole[1][columns, orientation].T, out=tile)
            best[:, columns] = tile
        return best

    return likeness


def _nearest(
    likeness: Likeness, left: int, right: int, count: int, same: bool, pool: ThreadPoolExecutor
) -> Iterator[Pairs]:
    """Each picture's `count` nearest on the other side, for the left block by block and for the right in the end."""
    value = np.full((count, right), -2, np.float32)
    row = np.full((count, right), -1, np.int64)
    starts = range(0, left, _BLOCK)
    for start, block in zip(starts, _ahead(pool, likeness, starts), strict=True):
        here = np.arange(len(block))
        if same:
            block[here, start + here] = -2
        chosen = np.argpartition(-block, min(count, right) - 1, axis=1)[:, :count]
        yield np.stack([np.repeat(start + here, chosen.shape[1]), chosen.ravel()], axis=1)
        top = np.argpartition(-block, min(count, len(block)) - 1, axis=0)[:count]
        value = np.concatenate([value, np.take_along_axis(block, top, axis=0)])
        row = np.concatenate([row, start + top])
        best = np.argpartition(-value, count - 1, axis=0)[:count]
        value, row = np.take_along_axis(value, best, axis=0), np.take_along_axis(row, best, axis=0)
    pairs = np.stack([row.ravel(), np.tile(np.arange(right), count)], axis=1)
    pairs = pairs[(value.ravel() > -2)]
    yield pairs


def _ahead(pool: ThreadPoolExecutor, likeness: Likeness, starts: range) -> Iterator[Floats]:
    """The blocks in order, a few of them ahead of who reads: all at once would fill the memory."""
    waiting: deque[Future[Floats]] = deque()
    for start in starts:
        waiting.append(pool.submit(likeness, slice(start, start + _BLOCK)))
        if len(waiting) > 3:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
