"""Timing ways side by side: in turns, so that a machine's moods fall on all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(works: Mapping[str, Work], turns: int = 5) -> dict[str, list[float]]:
    """Seconds of each way in each turn, after one turn to warm up; every other turn goes backwards."""
    for work in works.values():
        work()
    spent: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns):
        for name in list(works)[:: -1 if turn % 2 else 1]:
            spent[name].append(seconds(works[name]))
    return spent


def ratios(peer: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Sorted ratios peer / ours, turn by turn: how many times ours is faster."""
    return sorted(a / b for a, b in zip(peer, ours, strict=True))


def paired(ours: Work, peer: Work, pairs: int = 5) -> tuple[float, float, list[float]]:
    """Median seconds of ours and of the peer, and the sorted ratios peer / ours of `pairs` pairs."""
    spent = in_turns({"ours": ours, "peer": peer}, pairs)
    return statistics.median(spent["ours"]), statistics.median(spent["peer"]), ratios(spent["peer"], spent["ours"])


def times(found: Sequence[float]) -> str:
    """`3.2× (3.0–3.5)`: the median ratio and its range."""
    return f"{statistics.median(found):.3g}× ({min(found):.3g}–{max(found):.3g})"
