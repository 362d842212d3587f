"""`study simulate`: the benchmark as a table."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.simulation.benchmark import AUC_TOLERANCE, SimulationResult, run_benchmark, search_configs
from study.simulation.benchmark_problems import recorded_problem, synthetic_problem


def print_simulation(repetitions: int, *, sampler: str, study: Path | None, slots: int) -> None:
    """Benchmark a sampler's configurations on the cells of a recorded study, or on synthetic problems; print them."""
    console = Console(highlight=False, soft_wrap=True)
    problems = synthetic_problem if study is None else partial(recorded_problem, study.absolute())
    problems(0)  # a study that has no curves is refused here, not in a worker process
    started = time.monotonic()
    results = run_benchmark(
        search_configs(sampler), problems, repetitions=repetitions, slots=slots, processes=os.cpu_count() or 1
    )
    seconds = time.monotonic() - started
    console.print(as_table(results))
    if study is None:
        console.print(
            "Drawn learning curves: smooth surfaces that flatter models of them. A stress test of the engine; what "
            "serves lesions is judged on real curves (--curves FILE)."
        )
    trials = sum(result.trials for result in results)
    console.print(
        f"{repetitions} repetitions, each with a quarter of its full grid's epochs on {slots} devices. success: the "
        f"search ended within {AUC_TOLERANCE} AUC of the grid's best, or above it; epochs: median share of the grid's "
        f"epochs after which it was there for good.\n{trials} trials in {seconds:.0f} s: 10,000 in "
        f"{1e4 * seconds / trials:.0f} s."
    )


def as_table(results: Sequence[SimulationResult]) -> Table:
    """One row a configuration of the search."""
    table = Table()
    for name in ("search", "eta", "grace", "success", "epochs", "95 % behind by", "trials"):
        table.add_column(name, justify="left" if name == "search" else "right", overflow="fold")
    for result in results:
        asha = result.config.asha or {}
        table.add_row(
            result.config.name,
            str(asha.get("eta", "")),
            str(asha.get("grace", "")),
            f"{result.success:.1%}",
            "never" if math.isinf(result.epochs_ratio) else f"{result.epochs_ratio:.3f}",
            f"{result.shortfall:+.4f}",
            f"{result.trials / result.repetitions:.0f}",
        )
    return table
