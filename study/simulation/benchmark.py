"""Benchmark of searches against the full grid, by ASHA's variant, eta and grace, over many benchmark problems."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.simulate import SearchConfig, SearchOutcome, full_grid, simulate

AUC_TOLERANCE = 0.005  # a search reaches the grid's best AUC when it comes as close as this
GRID_SHARE = 4  # a search gets 1/4 of the epochs of its problem's full grid
DEFAULT_ETA_GRACE = (3, 20)
ETAS_AND_GRACES = ((2, 5), (2, 20), (3, 1), (3, 5), (3, 10), DEFAULT_ETA_GRACE, (4, 5))
ProblemFactory = Callable[[int], BenchmarkProblem]


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """One configuration of the search over many problems, each with a quarter of the epochs of the full grid."""

    config: SearchConfig
    repetitions: int
    success: float  # share of the problems where the search ended within AUC_TOLERANCE of the grid's best, or above it
    epochs_ratio: float  # median share of the grid's epochs after which it was that close and stayed
    shortfall: float  # 95th percentile of the grid's AUC minus the search's
    trials: int  # simulated, all repetitions


def search_configs(sampler: str = "tpe") -> list[SearchConfig]:
    """Both variants of ASHA by eta and grace with this sampler; then random search, and no scheduler, as references."""
    configs = [
        SearchConfig(
            name=f"{sampler}, {variant}", sampler=sampler, asha={"eta": eta, "grace": grace, "variant": variant}
        )
        for variant in ("stopping", "promotion")
        for eta, grace in ETAS_AND_GRACES
    ]
    eta, grace = DEFAULT_ETA_GRACE
    return [
        *configs,
        SearchConfig(
            name="random, stopping", sampler="random", asha={"eta": eta, "grace": grace, "variant": "stopping"}
        ),
        SearchConfig(name=f"{sampler}, no scheduler", sampler=sampler),
    ]


def run_benchmark(
    configs: Sequence[SearchConfig], problems: ProblemFactory, *, repetitions: int, slots: int, processes: int
) -> list[SimulationResult]:
    """Run every configuration on the same `repetitions` problems, each search on `slots` devices."""
    run: Callable[[int], list[tuple[SearchOutcome, SearchOutcome]]] = partial(_run_problem, configs, problems, slots)
    with ProcessPoolExecutor(processes, initializer=one_thread) as pool:
        by_problem = list(pool.map(run, range(repetitions), chunksize=4))
    results = []
    for index, config in enumerate(configs):
        pairs = [outcomes[index] for outcomes in by_problem]
        shortfalls = np.array([grid.auc - search.auc for search, grid in pairs])
        results.append(
            SimulationResult(
                config=config,
                repetitions=repetitions,
                success=float((shortfalls <= AUC_TOLERANCE).mean()),
                epochs_ratio=float(np.median([epochs_to_target(search, grid) for search, grid in pairs])),
                shortfall=float(np.quantile(shortfalls, 0.95)),
                trials=sum(search.trials for search, _ in pairs),
            )
        )
    return results


def epochs_to_target(search: SearchOutcome, grid: SearchOutcome) -> float:
    """Share of the grid's epochs after which a search stays close to the grid's best; infinite: never."""
    below = np.flatnonzero(search.incumbent < grid.auc - AUC_TOLERANCE)
    last = int(below[-1]) + 1 if len(below) else 0
    return math.inf if last == len(search.incumbent) else (last + 1) / grid.epochs


def one_thread() -> None:
    """One thread a process, because every core runs a problem of its own. Torch, which a Gaussian process needs, reads
    the variable when it is first loaded; in a process that was forked after that, it has to be set by a call."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _run_problem(
    configs: Sequence[SearchConfig], problems: ProblemFactory, slots: int, index: int
) -> list[tuple[SearchOutcome, SearchOutcome]]:
    problem = problems(index)
    grid = full_grid(problem.grid, problem.curves, problem.max_epochs)
    epochs = max(1, grid.epochs // GRID_SHARE)
    return [(simulate(config, problem, epochs=epochs, seed=index, slots=slots), grid) for config in configs]
