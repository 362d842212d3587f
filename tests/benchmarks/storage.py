"""What deciding and recording cost: 60 cells on 256 slots, with lost nodes, on SQLite and on PostgreSQL.

The engine and the storage are the real ones; training is a clock that jumps from event to event, so that all the time
that passes is the driver's.
"""

from __future__ import annotations

import heapq
import importlib.util
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from datasets.base.seeds import rng
from study.plan.cells import Plan, plan
from study.search.engine import Engine
from study.spec.loading import parse_spec
from study.store.trial_storage import Record, open_storage
from tests.study.tracking.team import postgresql, programs

METHODS, FRACTIONS, SLOTS, EPOCHS = 20, [1.0, 0.1, 0.01], 256, 9
EPOCH_SECONDS = 60.0  # simulated, and drawn around it
LOST_AN_HOUR = 0.05  # share of the slots


@dataclass
class Spent:
    """Seconds of the driver in each kind of call, and how many there were."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started
        self.calls[what] = self.calls.get(what, 0) + 1

    def each(self, what: str) -> float:
        """Milliseconds a call."""
        return 1000 * self.seconds[what] / self.calls[what]


def run(short: bool) -> dict:
    """Short: 5 trials a cell on SQLite and PostgreSQL; long: 40, and 170 (10,200 trials) on SQLite."""
    sizes = {"SQLite": [5] if short else [40, 170], "PostgreSQL": [5] if short else [40]}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for trials in sizes["SQLite"]:
            rows.append(_row("SQLite", f"sqlite:///{folder}/{trials}.db", trials))
    if programs() is None or importlib.util.find_spec("psycopg") is None:
        reason = "not measured: needs Debian's postgresql and the extra `postgresql`"
        rows.append({"storage": "PostgreSQL", "trials": reason})
    else:
        for trials in sizes["PostgreSQL"]:
            with postgresql("trials") as server:
                rows.append(_row("PostgreSQL", server.url("trials", driver="psycopg"), trials))
    slowest = max(row["a report, ms"] for row in rows if "a report, ms" in row)
    return {
        "title": "Deciding and recording: 60 cells, 256 slots, lost nodes",
        "rows": rows,
        "note": f"TPE, ASHA, up to {EPOCHS} epochs, {LOST_AN_HOUR:.0%} of the slots lost an hour; {EPOCH_SECONDS:g} s "
        "an epoch on a simulated clock. All time is the driver's, on one core: it answers one report at a time. At "
        f"{slowest:.2g} ms a report, {SLOTS} slots are kept busy while epochs last {SLOTS * slowest / 1000:.1f} s or "
        "more on average; below that, or with more slots, slots wait: report less often (fewer, longer epochs), or "
        "split the study. `again`: a new driver reads the record and is ready to go on.",
    }


def cells(trials: int) -> Plan:
    """60 cells of random encoders."""
    return plan(
        parse_spec(
            {
                "study": "scale",
                "methods": [
                    {"encoder": "random", "pipeline": "ft", "label": f"random{index}:ft"} for index in range(METHODS)
                ],
                "backbone": "test_resnet",
                "train": {"source": "synthetic", "fractions": FRACTIONS},
                "tests": ["synthetic_test"],
                "search": {
                    "trials": trials,
                    "max_epochs": EPOCHS,
                    "shared_design": min(4, trials),
                    "sampler": "tpe",
                    "scheduler": {"asha": {"eta": 3, "grace": 1}},
                },
            }
        )
    )


def _row(storage: str, url: str, trials: int) -> dict[str, Any]:
    planned, spent = cells(trials), Spent()
    record = _record(url, planned)
    lost = play(Engine(planned, record), spent)
    done = record.trials()
    started = time.perf_counter()
    again = _record(url, planned)
    Engine(planned, again)
    ready = time.perf_counter() - started
    assert [(t.state, len(t.epochs)) for t in again.trials()] == [(t.state, len(t.epochs)) for t in done]
    file = Path(url.removeprefix("sqlite:///"))
    return {
        "storage": storage,
        "trials": len(done),
        "epochs": sum(len(trial.epochs) for trial in done),
        "lost": lost,
        "a new trial, ms": spent.each("next"),
        "a report, ms": spent.each("report"),
        "reports/s": 1000 / spent.each("report"),
        "again, s": ready,
        "KB a trial": file.stat().st_size / 1000 / len(done) if file.is_file() else None,
        "driver, MB": psutil.Process().memory_info().rss / 1e6,
    }


def _record(url: str, planned: Plan) -> Record:
    search = planned.spec.search
    return Record(
        open_storage(url),
        planned.spec.study,
        [cell.key for cell in planned.cells],
        objective=search.objective,
        direction=search.direction,
    )


def play(engine: Engine, spent: Spent) -> int:
    """Run a search to its end on a simulated clock; returns how many trials lost their slot on the way."""
    draws, lost, events, idle = rng("storage", "events"), 0, [], SLOTS
    while True:
        while idle:
            if engine.peek() is None:
                break
            with spent.on("next"):
                trial = engine.next()
            assert trial is not None
            idle -= 1
            heapq.heappush(events, (_later(events, draws), trial.cell, trial.number, len(trial.epochs) + 1))
        if not events:
            return lost
        now, cell, number, epoch = heapq.heappop(events)
        if draws.random() < LOST_AN_HOUR * EPOCH_SECONDS / 3600:
            lost, idle = lost + 1, idle + 1
            engine.lost(cell, number, "node lost")
            continue
        with spent.on("report"):
            goes_on = engine.report(cell, number, epoch, {"val_auc": draws.random(), "device_seconds": EPOCH_SECONDS})
        if goes_on:
            heapq.heappush(events, (now + EPOCH_SECONDS * draws.lognormal(0, 0.3), cell, number, epoch + 1))
        else:
            idle += 1


def _later(events: list[tuple[float, str, int, int]], draws: np.random.Generator) -> float:
    return (events[0][0] if events else 0.0) + EPOCH_SECONDS * draws.lognormal(0, 0.3)
