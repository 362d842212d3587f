"""How often tests and intervals of every metric err, over replicates × positives × classes: `metric_grid`.

`python -m tests.benchmarks.error_rates --minutes 9 --studies 400` adds simulated studies to docs/error_rates.json,
until each cell has that many or the time is over; killed and started again it goes on. `python -m tests.benchmarks
error_rates --long` makes the table of the record.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from datasets.base.atomic_files import write_text
from tests.study.comparison.metric_grid import CLASSES, COUNTS, POSITIVES, REPLICATES, Regime, counted, grid, truth

RECORD = Path(__file__).parents[2] / "docs" / "error_rates.json"
BATCH = 20
TESTED, COVERED = (0.03, 0.07), (0.93, 0.97)  # what is asked for
Counts = dict[str, dict[str, int]]


def main() -> None:
    """Add studies to the record, those of the cells with the fewest first."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.error_rates", description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0, help="no batch begins later")
    parser.add_argument("--studies", type=int, default=400, help="a cell")
    parser.add_argument("--processes", type=int, default=2, help="at once")
    asked = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # of the processes to come
    end, record = time.monotonic() + 60 * asked.minutes, load()
    with ProcessPoolExecutor(asked.processes) as pool:
        for classes in (2, 8):
            if str(classes) not in record["truth"]:
                record["truth"][str(classes)] = pool.submit(truth, classes).result()
                save(record)
        while time.monotonic() < end:
            open_cells = [cell for cell in grid() if done(record, cell) < asked.studies]
            batches = sorted(open_cells, key=lambda cell: done(record, cell))[: 2 * asked.processes]
            if not batches:
                break
            tasks = [
                (cell, range(done(record, cell), done(record, cell) + BATCH), record["truth"][str(cell.classes)])
                for cell in batches
            ]
            for cell, found in zip(batches, pool.map(counted, *zip(*tasks, strict=True)), strict=True):
                add(record["cells"].setdefault(name(cell), {}), found)
            save(record)
    print({name(cell): done(record, cell) for cell in grid()})


def load() -> dict[str, Any]:
    """The record so far."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {"truth": {}, "cells": {}}


def save(record: dict[str, Any]) -> None:
    """Write the record whole."""
    write_text(RECORD, json.dumps(record, sort_keys=True) + "\n")


def name(cell: Regime) -> str:
    """A cell as the record names it."""
    return f"{cell.classes} classes, {cell.replicates} replicates, {cell.positives} positives"


def done(record: dict[str, Any], cell: Regime) -> int:
    """Studies of a cell."""
    return max((counts["studies"] for counts in record["cells"].get(name(cell), {}).values()), default=0)


def add(into: Counts, found: Counts) -> None:
    """Sum the counts of another batch."""
    for metric, counts in found.items():
        kept = into.setdefault(metric, dict.fromkeys(COUNTS, 0))
        for what in COUNTS:
            kept[what] += counts[what]


def run(short: bool) -> dict[str, Any]:
    """A row a metric and number of replicates; both forms show the record, which the command above makes."""
    record = load()
    rows = [
        {"classes": classes, "metric": metric, "replicates": replicates, **_cells(record, classes, replicates, metric)}
        for classes in CLASSES
        for metric in _metrics(record, classes)
        for replicates in REPLICATES
    ]
    fewest, most = (function((done(record, cell) for cell in grid()), default=0) for function in (min, max))
    return {
        "title": "Error rates of every metric in simulated studies",
        "rows": rows,
        "note": (
            f"{fewest} to {most} studies a cell of two methods alike, at four numbers of positives (eight classes: of "
            "images of each class but the largest): how many tests reject at 5 %, in brackets by the p-value that "
            "Holm's correction works on; how many 95 % intervals of the value hold the true one, all in per cent. "
            f"Standard error at 5 %: {100 * math.sqrt(0.05 * 0.95 / max(fewest, 1)):.1f} points. ▲: more than 7 % of "
            "tests reject, or fewer than 93 % of intervals hold, beyond simulation error; ▽: fewer than 3 %, or more "
            "than 97 %, likewise: cautious. r: how many have no interval because the report refuses one. A run's AUC "
            "has an sd of .01. At a threshold: of 90 % sensitivity, chosen by each run on 150 positives of its own. "
            "Calibrated: the same scores, moved so that they mean what they say. "
            "A calibration error has no interval where chance gives more than a quarter of it, or of fewer than 50 "
            "cases. "
            "`python -m tests.benchmarks.error_rates` adds studies."
        ),
    }


def _metrics(record: dict[str, Any], classes: int) -> list[str]:
    names = (metric for cell in grid() if cell.classes == classes for metric in record["cells"].get(name(cell), {}))
    return list(dict.fromkeys(names))


def _cells(record: dict[str, Any], classes: int, replicates: int, metric: str) -> dict[str, str]:
    found = {}
    for positives in POSITIVES:
        counts = record["cells"].get(name(Regime(classes, replicates, positives)), {}).get(metric)
        found[f"{positives} positives"] = _cell(counts) if counts else ""
    return found


def _cell(counts: dict[str, int]) -> str:
    """E.g. `5.2 (3.1) / 94.8`."""
    said = []
    if counts["tests"]:
        said.append(
            f"{_percent(counts['rejected'], counts['studies'], TESTED, too_much_is_bad=True)} "
            f"({_percent(counts['corrected'], counts['studies'], TESTED, too_much_is_bad=True)})"
        )
    given = counts["studies"] - counts["refused"]
    if given:
        said.append(_percent(counts["covers"], given, COVERED, too_much_is_bad=False))
    refused = f" r {100 * counts['refused'] / counts['studies']:.0f}" if counts["refused"] else ""
    return " / ".join(said) + refused


def _percent(hits: int, of: int, wanted: tuple[float, float], *, too_much_is_bad: bool) -> str:
    """The share, marked where its 95 % interval (Wilson) lies outside what is wanted."""
    low, high = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    above, below = ("▲", "▽") if too_much_is_bad else ("▽", "▲")
    mark = above if low > wanted[1] else below if high < wanted[0] else ""
    return f"{100 * hits / of:.1f}{mark}"


if __name__ == "__main__":
    main()
