"""The simulator: the search engine itself (sampler, ASHA, budgets) on learning curves, without Ray or training."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.plan.cells import plan as make_plan
from study.search.engine import Engine
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.curve_simulators import CurveSimulator, LearningCurve
from study.spec.loading import parse_spec
from study.store.trial_table import TrialTable

PATIENCE = 22  # epochs without a better value before early stopping, as in the published study


class Search(Protocol):
    """A way to search one cell: the engine under some settings, or whatever else is to be compared with it."""

    @property
    def label(self) -> str:
        """For tables."""

    def search(self, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int) -> SearchOutcome:
        """Search a cell on `slots` devices with a budget of `epochs`. Every epoch takes the same time."""


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The search of a simulated cell, `repeats` of them out of its trials; without `asha` it has no scheduler."""

    name: str
    sampler: str = "tpe"
    shared_design: int = 8
    trials: int = 100
    repeats: int = 1
    asha: Mapping[str, Any] | None = None

    @property
    def label(self) -> str:
        """Name and settings."""
        asha = self.asha or {}
        return self.name + "".join(f", {key} {asha[key]}" for key in ("eta", "grace") if key in asha)

    def search(self, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int) -> SearchOutcome:
        """The engine's search."""
        return simulate(self, problem, epochs=epochs, seed=seed, slots=slots)


@dataclass(frozen=True, kw_only=True)
class SearchOutcome:
    """Result and cost of a search. `incumbent`: after each epoch, the true AUC of the checkpoint that is best so far by
    its reported AUC, of trials that have not failed until then; the last value is the winner's."""

    incumbent: np.ndarray
    epochs: int
    trials: int

    @property
    def auc(self) -> float:
        """The winner's true AUC."""
        return float(self.incumbent[-1])


def simulate(
    config: SearchConfig, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int = 4
) -> SearchOutcome:
    """Search one cell on `slots` devices with a budget of `epochs`. Every epoch takes the same time."""
    return simulate_cells(config, [problem], epochs=epochs, seed=seed, slots=slots)[0]


def simulate_cells(
    config: SearchConfig, problems: Sequence[BenchmarkProblem], *, epochs: int, seed: int, slots: int = 4
) -> list[SearchOutcome]:
    """Search a study of as many methods as there are problems, each with a budget of `epochs`, all on `slots`."""
    plan = simulated_plan(config, problems, epochs, seed)
    engine = engine_of(plan)
    seen = play(engine, problems, slots)
    return [seen[cell.key].outcome(len(engine.record.cells[cell.key])) for cell in plan.cells]


def engine_of(plan: Plan) -> Engine:
    """An engine with a record in memory."""
    return Engine(plan, TrialTable([cell.key for cell in plan.cells], objective="val_auc", direction="maximize"))


def play(engine: Engine, problems: Sequence[BenchmarkProblem], slots: int) -> dict[str, Incumbent]:
    """Search a plan whose cells are these problems; each cell's incumbents."""
    by_cell = {cell.key: problem for cell, problem in zip(engine.plan.cells, problems, strict=True)}
    seen = {key: Incumbent() for key in by_cell}
    curves: dict[tuple[str, int], LearningCurve] = {}
    events: list[tuple[int, int, str, int, int]] = []  # time, tie-breaker, cell, number, epoch that ends then
    now, ties = 0, 0
    while True:
        while len(events) < slots and (trial := engine.next()) is not None:
            ties += 1
            heapq.heappush(events, (now + 1, ties, trial.cell, trial.number, len(trial.epochs) + 1))
        if not events:
            engine.close()
            return seen
        now, _, cell, number, epoch = heapq.heappop(events)
        key = cell, number
        if key not in curves:
            problem = by_cell[cell]
            curves[key] = problem.curves.curve(engine.record.get(cell, number).params, problem.max_epochs)
        curve = curves[key]
        if curve.fails(epoch):
            seen[cell].fail(number)
            engine.fail(cell, number, "it diverged")
            continue
        value = float(curve.reported[epoch - 1])
        seen[cell].add(number, value, float(curve.truth[epoch - 1]))
        continues = engine.report(cell, number, epoch, {"val_auc": value})
        if continues and not curve.diverges and epoch == early_stopping_epoch(curve.reported):
            engine.end(cell, number)
        elif continues:
            ties += 1
            heapq.heappush(events, (now + 1, ties, cell, number, epoch + 1))


class Incumbent:
    """The true AUC of the checkpoint that is best so far by its reported AUC, after every epoch of a cell.

    A trial that fails wins nothing, as in a study: from then on the best of the others counts.
    """

    def __init__(self) -> None:
        self._best: dict[Hashable, tuple[float, float]] = {}  # reported and true AUC of each trial's best epoch
        self._held: Hashable | None = None
        self._truth: list[float] = []

    def add(self, trial: Hashable, reported: float, truth: float) -> None:
        """One epoch of a trial of the cell."""
        if trial not in self._best or reported > self._best[trial][0]:
            self._best[trial] = reported, truth
        if self._held is None or self._best[trial][0] > self._best[self._held][0]:
            self._held = trial
        self._truth.append(self._best[self._held][1])

    def fail(self, trial: Hashable) -> None:
        """The epoch in which a trial fails."""
        self._best.pop(trial, None)
        if trial == self._held:
            self._held = max(self._best, key=lambda other: self._best[other][0], default=None)
        self._truth.append(self._best[self._held][1] if self._held is not None else 0.0)

    def outcome(self, trials: int) -> SearchOutcome:
        """Of a search of so many trials."""
        return SearchOutcome(incumbent=np.array(self._truth), epochs=len(self._truth), trials=trials)


def full_grid(points: Iterable[Mapping[str, Value]], simulator: CurveSimulator, max_epochs: int) -> SearchOutcome:
    """Train every point until its early stopping; the winner is the one with the best reported epoch of those that do
    not fail. Raises `StudyError` where all fail."""
    curves = [curve for point in points if len((curve := simulator.curve(point, max_epochs)).reported)]
    ends = [early_stopping_epoch(curve.reported) for curve in curves]
    finished = [
        (curve, int(np.argmax(curve.reported[:end])))
        for curve, end in zip(curves, ends, strict=True)
        if not curve.fails(max_epochs)
    ]
    if not finished:
        raise StudyError(
            "A search is compared with the best of its full grid, but every training of the grid fails. Simulate "
            "another space, or record more configurations."
        )
    winner, best = max(finished, key=lambda found: float(found[0].reported[found[1]]))
    auc = float(winner.truth[best])
    return SearchOutcome(incumbent=np.array([auc]), epochs=sum(ends), trials=len(curves))


def early_stopping_epoch(reported: np.ndarray) -> int:
    """The epoch (1-based) at which early stopping ends a training."""
    best = 0
    for index, value in enumerate(reported):
        if value > reported[best]:
            best = index
        if index - best >= PATIENCE:
            return index + 1
    return len(reported)


def simulated_plan(
    config: SearchConfig, problems: Sequence[BenchmarkProblem], epochs: int, seed: int, pairs: int | None = None
) -> Plan:
    """A plan of one cell a problem with this search and the problem's space; a pair for each search where none say."""
    plan = make_plan(
        parse_spec(
            {
                "study": "simulated",
                "methods": [
                    {"encoder": "supervised", "label": f"supervised:ft{index or ''}"} for index in range(len(problems))
                ],
                "train": {"source": "synthetic"},
                "tests": ["synthetic_test"],
                "search": {
                    "sampler": config.sampler,
                    "shared_design": config.shared_design,
                    "trials": config.trials,
                    "repeats": config.repeats,
                    "max_epochs": problems[0].max_epochs,
                    "epochs_per_cell": epochs,
                    "scheduler": {"asha": dict(config.asha)} if config.asha else "none",
                },
                "replicate": {"pairs": pairs or config.repeats},
                "seed": seed,
            }
        )
    )
    cells = zip(plan.cells, problems, strict=True)
    return replace(plan, cells=tuple(replace(cell, space=problem.space) for cell, problem in cells))
