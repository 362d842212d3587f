"""Timing two ways side by side: in turns, so that a machine's moods fall on both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(ours: Callable[[], object], peer: Callable[[], object], pairs: int = 5) -> tuple[float, float, list[float]]:
    """Median seconds of ours and of the peer, and the sorted ratios peer / ours of `pairs` pairs after a warm-up."""
    ours(), peer()
    mine, theirs = [], []
    for turn in range(pairs):
        for work, spent in ((ours, mine), (peer, theirs))[:: 1 if turn % 2 else -1]:
            spent.append(seconds(work))
    ratios = sorted(b / a for a, b in zip(mine, theirs, strict=True))
    return statistics.median(mine), statistics.median(theirs), ratios


def times(ratios: list[float]) -> str:
    """`3.2× (3.0–3.5)`: the median ratio and its range."""
    return f"{statistics.median(ratios):.3g}× ({ratios[0]:.3g}–{ratios[-1]:.3g})"
