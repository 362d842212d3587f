"""Batches of views: uint8 arrays made from the decoded cache, one batch ahead of the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.augment import Floats, Policy, draw, whole
from trainables.views import render

Rows = NDArray[np.int64]
Batch = NDArray[np.uint8]
CHUNK = 16  # images that one thread renders at a time


class Images(Protocol):
    """Decoded images by row: uint8 [H, W, 3]. The decoded cache is one."""

    def __getitem__(self, row: int) -> NDArray[np.uint8]: ...

    def __len__(self) -> int: ...


class Renderer:
    """Renders batches of views with `threads` threads; OpenCV lets other threads run while it warps."""

    def __init__(self, images: Images, size: int, threads: int) -> None:
        self._images = images
        self._size = size
        self._threads = threads
        self._pool = ThreadPoolExecutor(max_workers=threads) if threads > 1 else None

    def batch(self, rows: Rows, policy: Policy | None, u: Floats | None) -> Batch:
        """[n, size, size, 3] views: by `policy` with one row of `u` per image, or the deterministic view (None)."""
        out = np.empty((len(rows), self._size, self._size, 3), dtype=np.uint8)
        starts = range(0, len(rows), CHUNK)
        if self._pool is None:
            for start in starts:
                self._chunk(start, rows, policy, u, out)
        else:
            list(self._pool.map(lambda start: self._chunk(start, rows, policy, u, out), starts))
        return out

    def batches(
        self, groups: Sequence[Rows], policy: Policy | None, u: Sequence[Floats] | None
    ) -> Iterator[tuple[Rows, Batch]]:
        """The groups of rows as batches, in order, each made while the one before is in use."""
        if self._threads == 1:
            for index, rows in enumerate(groups):
                yield rows, self.batch(rows, policy, None if u is None else u[index])
            return
        with ThreadPoolExecutor(max_workers=1) as ahead:
            pending: Future[Batch] | None = None
            for index, rows in enumerate(groups):
                made = pending or ahead.submit(self.batch, rows, policy, None if u is None else u[index])
                batch = made.result()
                following = index + 1
                pending = (
                    ahead.submit(self.batch, groups[following], policy, None if u is None else u[following])
                    if following < len(groups)
                    else None
                )
                yield rows, batch

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _chunk(self, start: int, rows: Rows, policy: Policy | None, u: Floats | None, out: Batch) -> None:
        for index in range(start, min(start + CHUNK, len(rows))):
            image = self._images[int(rows[index])]
            height, width = image.shape[:2]
            view = whole(height, width) if policy is None or u is None else draw(policy, u[index], height, width)
            render(image, view, self._size, out[index])
