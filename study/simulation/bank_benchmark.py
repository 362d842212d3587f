"""Searches judged on a bank of real learning curves, with paired bootstrap intervals over cells and repetitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from datasets.base.seeds import rng, seed
from study.base.errors import StudyError
from study.simulation.benchmark import AUC_TOLERANCE, epochs_to_target, one_thread
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.curve_bank import read_bank
from study.simulation.simulate import Search, SearchConfig, full_grid, simulate_cells
from study.simulation.surrogates import BankCurves, Kind, Surrogate

GOAL_SHARE = 12  # a search gets 1/12 of its full grid's epochs
DRAWS = 2000
T = TypeVar("T")
GRID_AGAIN = "the whole grid again, other seeds"
OTHER = 1_000_000  # added to a repetition, it draws deviations of its own


@dataclass(frozen=True, kw_only=True)
class Bank:
    """The cells of a bank that search one space, with their surrogates."""

    path: Path
    space: str
    kind: Kind

    @property
    def cells(self) -> list[Surrogate]:
        """One surrogate a cell. Raises `StudyError` for a bank without such a space."""
        return _surrogates(self.path, self.space, self.kind)

    @property
    def count(self) -> int:
        """How many cells it has."""
        return len(self.cells)

    def problem(self, cell: int, repetition: int) -> BenchmarkProblem:
        """A cell in one repetition."""
        surrogate = self.cells[cell]
        smaller = self.smaller(cell)
        return BenchmarkProblem(
            space=surrogate.cell.space,
            curves=BankCurves(surrogate, repetition),
            grid=surrogate.cell.space.grid_points(),
            max_epochs=surrogate.cell.max_epochs,
            smaller=None if smaller is None else self.problem(smaller, repetition),
        )

    def smaller(self, cell: int) -> int | None:
        """The cell of the same method at the next smaller fraction, if the bank has one."""
        own = self.cells[cell].cell
        below = {
            other.cell.fraction: index
            for index, other in enumerate(self.cells)
            if other.cell.method == own.method and other.cell.fraction < own.fraction
        }
        return below[max(below)] if below else None


@dataclass(frozen=True, kw_only=True)
class BankResult:
    """One search on all cells in all repetitions; arrays [cells, repetitions].

    `reached`: whether it ended within `AUC_TOLERANCE` of the grid's best, or above it; `share`: of the grid's epochs,
    after which it was there for good (infinite: never); `shortfall`: the grid's AUC minus the search's; `trials`: how
    many it started.
    """

    config: Search
    reached: np.ndarray
    share: np.ndarray
    shortfall: np.ndarray
    trials: np.ndarray

    def of(self, cells: Sequence[int]) -> BankResult:
        """The result on some of the cells."""
        chosen = list(cells)
        return BankResult(
            config=self.config,
            reached=self.reached[chosen],
            share=self.share[chosen],
            shortfall=self.shortfall[chosen],
            trials=self.trials[chosen],
        )


@lru_cache(maxsize=4)
def _surrogates(path: Path, space: str, kind: Kind) -> list[Surrogate]:
    cells = [cell for cell in read_bank(path) if cell.space.name == space]
    if not cells:
        raise StudyError(f"A simulation searches one of the bank's spaces, but {path} has no cell of {space!r}.")
    return [Surrogate(cell, kind) for cell in cells]


def run_bank(
    configs: Sequence[Search], bank: Bank, *, repetitions: int, slots: int, processes: int
) -> list[BankResult]:
    """Every search on the same cells and repetitions; last the whole grid run again, which only the deviations of runs
    keep from its own best: what the bank's noise allows to a search that costs twelve times as much."""
    configs = [*configs, SearchConfig(name=GRID_AGAIN, sampler="grid")]
    cells = len(bank.cells)
    found = _spread(partial(_run, configs, bank, slots), cells, repetitions, processes)
    values = np.array([[row[:3] for row in rows] for rows in found]).reshape(cells, repetitions, len(configs), 3)
    return [
        BankResult(
            config=config,
            reached=values[:, :, index, 0] <= AUC_TOLERANCE,
            share=values[:, :, index, 1],
            shortfall=values[:, :, index, 0],
            trials=values[:, :, index, 2],
        )
        for index, config in enumerate(configs)
    ]


def fairness(config: SearchConfig, bank: Bank, *, repetitions: int, slots: int, processes: int) -> np.ndarray:
    """Two identical methods searched side by side: by how much the true AUC of the first one's winner is above that of
    the second's [cells, repetitions]. Only the deviations of runs differ, so neither should be ahead more often."""
    found = _spread(partial(_race, config, bank, slots), len(bank.cells), repetitions, processes)
    return np.array(found).reshape(len(bank.cells), repetitions)


def interval(statistic: Callable[[np.ndarray], float], *arrays: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of a statistic of arrays [cells, repetitions]: cells are drawn with replacement, and
    within each drawn cell its repetitions, the same ones in all arrays."""
    stacked = np.stack(arrays)
    _, cells, repetitions = stacked.shape
    random = rng("bank", "bootstrap")
    drawn = []
    for _ in range(DRAWS):
        rows = np.repeat(random.integers(cells, size=cells), repetitions)
        columns = random.integers(repetitions, size=cells * repetitions)
        drawn.append(statistic(stacked[:, rows, columns]))
    low, high = np.quantile(drawn, (0.025, 0.975), method="closest_observation")
    return float(low), float(high)


def success(result: BankResult) -> tuple[float, tuple[float, float]]:
    """Share of the repetitions that reached the grid's best, with its interval."""
    return float(result.reached.mean()), interval(lambda found: float(found.mean()), result.reached)


def median_share(result: BankResult) -> tuple[float, tuple[float, float]]:
    """Median share of the grid's epochs until then, with its interval."""
    return float(np.median(result.share)), interval(lambda found: float(np.median(found)), result.share)


def gain(result: BankResult, reference: BankResult) -> tuple[float, tuple[float, float]]:
    """By how much more often a search reached the grid's best than another, paired, with its interval."""
    difference = interval(lambda found: float(found[0].mean() - found[1].mean()), result.reached, reference.reached)
    return float(result.reached.mean() - reference.reached.mean()), difference


def closer(result: BankResult, reference: BankResult) -> tuple[float, tuple[float, float]]:
    """By how much more AUC a search ended than another, paired, with its interval. It knows no threshold, and so tells
    searches apart with fewer repetitions than `gain`."""
    difference = reference.shortfall - result.shortfall
    return float(difference.mean()), interval(lambda found: float(found.mean()), difference)


def _spread(run: Callable[[tuple[int, int]], T], cells: int, repetitions: int, processes: int) -> list[T]:
    jobs = [(cell, repetition) for cell in range(cells) for repetition in range(repetitions)]
    with ProcessPoolExecutor(processes, initializer=one_thread) as pool:
        return list(pool.map(run, jobs, chunksize=2))


def _run(configs: Sequence[Search], bank: Bank, slots: int, job: tuple[int, int]) -> list[tuple[float, float, float]]:
    problem = bank.problem(*job)
    grid = full_grid(problem.grid, problem.curves, problem.max_epochs)
    rows = []
    for config in configs[:-1]:
        search = config.search(problem, epochs=max(1, grid.epochs // GOAL_SHARE), seed=_seed(job), slots=slots)
        rows.append((grid.auc - search.auc, epochs_to_target(search, grid), float(search.trials)))
    other = bank.problem(job[0], job[1] + OTHER)
    again = full_grid(other.grid, other.curves, other.max_epochs)
    close = again.auc >= grid.auc - AUC_TOLERANCE
    return [*rows, (grid.auc - again.auc, 1.0 if close else math.inf, float(again.trials))]


def _race(config: SearchConfig, bank: Bank, slots: int, job: tuple[int, int]) -> float:
    cell, repetition = job
    problems = [bank.problem(cell, 2 * repetition + side) for side in (0, 1)]
    epochs = max(1, len(problems[0].grid) * problems[0].max_epochs // GOAL_SHARE)
    one, other = simulate_cells(config, problems, epochs=epochs, seed=_seed(job), slots=slots)
    return one.auc - other.auc


def _seed(job: tuple[int, int]) -> int:
    """Of one cell and repetition; other packages hand it to NumPy, SMAC as a 32-bit integer with a sign."""
    return seed("bank", *job) % 2**31


def is_never(share: float) -> bool:
    """Whether a share of epochs says that the search did not get there."""
    return math.isinf(share)
