"""What the engine adds to training: per trial, per report, against nested worker groups; and the driver's memory."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from study.cluster import connection
from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from tests.study.search.example_cells import job_maker, small_plan

REPORTS = 10
WARM = 50  # trials after which the driver's memory is taken as settled


def run(short: bool) -> dict:
    """Trials that train nothing: what remains is ours and Ray's."""
    connection.connect()
    single = search(6, max_concurrent=1, max_epochs=1, train="tests.study.search.toys:noop")
    group = search(
        1 if short else 6,  # of each of two cells
        max_concurrent=1,
        max_epochs=1,
        train="tests.study.search.toys:train_group",
        resources={"workers_per_trial": 2, "cpus_per_trial": 1},
    )
    many = search(20 if short else 500, max_epochs=REPORTS, train="tests.study.search.toys:noop", scheduler="none")
    alone, nested = _per_trial(single["ends"]), _per_trial(group["ends"])
    trials, reports = len(many["ends"]), many["epochs"]
    return {
        "title": "What the engine adds to a training",
        "rows": [
            {"what": "a trial on one device, in a re-used process", "value": alone, "unit": "s (median)"},
            {"what": "a trial on a nested worker group of two (Ray Train)", "value": nested, "unit": "s (median)"},
            {"what": "the group against the single device", "value": nested / alone, "unit": "times"},
            {"what": f"{trials} trials of {REPORTS} reports, all slots", "value": many["seconds"], "unit": "s"},
            {"what": "of these, a report", "value": 1000 * many["seconds"] / reports, "unit": "ms"},
            {"what": f"driver memory, from trial {many['settled']} to the end", "value": many["grown"], "unit": "MB"},
        ],
        "note": "Trials that train nothing, on the local Ray that a study starts. A trial's time is that from one end "
        "to the next on one slot: choosing parameters, starting, reporting, recording, ending.",
    }


def search(trials: int, *, train: str, max_concurrent: int | None = None, resources=None, **settings) -> dict:
    """A search of two cells; when its trials ended, its seconds and epochs, and how the driver's memory grew (MB)."""
    ends, memory, epochs = [], [], 0

    def heard(trial) -> None:
        nonlocal epochs
        epochs += bool(trial.epochs) and not trial.finished
        if trial.finished:
            ends.append(time.monotonic())
            memory.append(_resident())

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plan = small_plan(trials=trials, resources=resources, **settings)
        started = time.monotonic()
        run_search(
            plan, StudyDirectory(root), job_maker(root), train=train, max_concurrent=max_concurrent, on_event=heard
        )
        seconds = time.monotonic() - started
    settled = min(WARM, len(memory) // 2)
    return {
        "ends": ends,
        "epochs": epochs,
        "seconds": seconds,
        "settled": settled,
        "grown": (memory[-1] - memory[settled]) / 1e6,
    }


def _per_trial(ends: list[float]) -> float:
    return statistics.median(later - earlier for earlier, later in pairwise(ends))


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
