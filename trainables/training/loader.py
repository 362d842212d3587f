"""Batches of views, made from the decoded cache one batch ahead of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.augmentation.cpu_views import affine, render
from trainables.augmentation.gpu_views import DeviceViews
from trainables.augmentation.parameters import Floats, Views, draw, whole
from trainables.augmentation.policies import Policy

Rows = NDArray[np.int64]
Pixels = NDArray[np.uint8]
Batch = NDArray[Any] | torch.Tensor
CHUNK = 16  # views that one thread renders at a time


class Images(Protocol):
    """Decoded images by row: uint8 [H, W, 3]. The decoded cache is one."""

    def __getitem__(self, row: int) -> NDArray[np.uint8]: ...

    def __len__(self) -> int: ...


class Renderer:
    """Renders batches of views of `size` pixels: with `threads` threads on the CPU (OpenCV lets other threads run while
    it warps), or on `device` where that is a GPU."""

    def __init__(self, images: Images, size: int, threads: int, device: torch.device | None = None) -> None:
        self._images, self._size = images, size
        self._pool = ThreadPoolExecutor(max_workers=threads) if threads > 1 else None
        self._device = DeviceViews(size, device) if device is not None and device.type == "cuda" else None
        ahead = self._pool is not None or self._device is not None
        self._ahead = ThreadPoolExecutor(max_workers=1) if ahead else None

    def batch(self, rows: Rows, policy: Policy | None, u: Floats | None) -> Pixels:
        """[n, size, size, 3] views: by `policy` with one row of `u` per view, or the deterministic view (None).

        Rows may repeat; neighbours that do are read once.
        """
        images = self._read(rows)
        out = np.empty((len(rows), self._size, self._size, 3), dtype=np.uint8)
        if policy is None or u is None:
            views, matrices = [whole(*image.shape[:2]) for image in images], None
        else:
            drawn = _draw(policy, u, images)
            views, matrices = drawn.each(), affine(drawn, self._size)

        def chunk(start: int) -> None:
            for index in range(start, min(start + CHUNK, len(images))):
                matrix = None if matrices is None else matrices[index]
                render(images[index], views[index], self._size, out[index], matrix)

        starts = range(0, len(rows), CHUNK)
        list(map(chunk, starts) if self._pool is None else self._pool.map(chunk, starts))
        return out

    def batches(
        self, groups: Sequence[Rows], policy: Policy | None, u: Sequence[Floats] | None
    ) -> Iterator[tuple[Rows, Batch]]:
        """The groups of rows as batches, in order, each made while the one before is in use.

        With a policy and a GPU the views are made there, and come as tensors on it.
        """
        if self._ahead is None:
            for index, rows in enumerate(groups):
                yield rows, self._make(rows, policy, None if u is None else u[index])
            return
        following = None
        for index, rows in enumerate(groups):
            made = following or self._ahead.submit(self._make, rows, policy, None if u is None else u[index])
            batch, following = made.result(), None
            if index + 1 < len(groups):
                following = self._ahead.submit(
                    self._make, groups[index + 1], policy, None if u is None else u[index + 1]
                )
            yield rows, batch

    def close(self) -> None:
        """End the threads."""
        for pool in (self._ahead, self._pool):
            if pool is not None:
                pool.shutdown(cancel_futures=True)

    def _make(self, rows: Rows, policy: Policy | None, u: Floats | None) -> Batch:
        if self._device is None or policy is None or u is None:
            return self.batch(rows, policy, u)
        images = self._read(rows)
        views, copies = _draw(policy, u, images), _copies(rows)
        return self._device.batch(images[::copies], views)

    def _read(self, rows: Rows) -> list[Pixels]:
        images: list[Pixels] = []
        for index, row in enumerate(rows):
            images.append(images[-1] if index and row == rows[index - 1] else self._images[int(row)])
        return images


def _draw(policy: Policy, u: Floats, images: Sequence[Pixels]) -> Views:
    heights, widths = np.array([image.shape[:2] for image in images]).T
    return draw(policy, u, heights, widths)


def _copies(rows: Rows) -> int:
    """How often each row comes in a run, where all runs are of one length; else 1."""
    ends = np.flatnonzero(np.diff(rows, append=-1)) + 1
    lengths = np.diff(ends, prepend=0)
    return int(lengths[0]) if (lengths == lengths[0]).all() else 1
