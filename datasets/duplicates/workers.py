"""Threads for work on many small arrays."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from datasets.cache.build_store import cores


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """As many threads as there are cores, each alone: BLAS's own threads wait for one another on small products."""
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores()) as pool:
        yield pool
