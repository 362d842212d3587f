"""`study simulate`: the comparison as a table."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.simulation.compare_settings import CLOSE, Row, compare, settings
from study.simulation.worlds import drawn, recorded


def print_simulation(repetitions: int, *, sampler: str, study: Path | None, slots: int) -> None:
    """Run a sampler's settings over the same worlds (of a recorded `study`, or drawn ones); print one row a setting."""
    console = Console(highlight=False, soft_wrap=True)
    worlds = drawn if study is None else partial(recorded, study.absolute())
    worlds(0)  # a study that has no curves is refused here, not in a worker process
    started = time.monotonic()
    rows = compare(settings(sampler), worlds, repetitions=repetitions, slots=slots, processes=os.cpu_count() or 1)
    spent = time.monotonic() - started
    console.print(as_table(rows))
    trials = sum(row.trials for row in rows)
    console.print(
        f"{repetitions} repetitions, each with a quarter of its full grid's epochs on {slots} devices. success: the "
        f"search ended within {CLOSE} AUC of the grid's best, or above it; epochs: median share of the grid's epochs "
        f"after which it was there for good.\n{trials} trials in {spent:.0f} s: 10,000 in {1e4 * spent / trials:.0f} s."
    )


def as_table(rows: Sequence[Row]) -> Table:
    """One row a setting."""
    found = Table()
    for name in ("search", "eta", "grace", "success", "epochs", "95 % behind by", "trials"):
        found.add_column(name, justify="left" if name == "search" else "right")
    for row in rows:
        asha = row.setting.asha or {}
        found.add_row(
            row.setting.name,
            str(asha.get("eta", "")),
            str(asha.get("grace", "")),
            f"{row.success:.1%}",
            "never" if math.isinf(row.epochs_ratio) else f"{row.epochs_ratio:.3f}",
            f"{row.shortfall:+.4f}",
            f"{row.trials / row.repetitions:.0f}",
        )
    return found
