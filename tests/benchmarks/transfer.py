"""A search that begins with the best points of the same method's search at a smaller training fraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.search.engine import Engine
from study.search.samplers.designs import CellSampler
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.simulate import SearchConfig, SearchOutcome, engine_of, play, simulated_plan
from study.store.trial import Origin, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """`points` of the shared design give way to the smaller cell's best, each configuration by its best epoch.

    Fair as far as information goes: every method pays for its own smaller search, which a study with both fractions
    runs in any case, and none sees another's.
    """

    config: SearchConfig
    points: int

    @property
    def label(self) -> str:
        """For tables."""
        return f"{self.config.label}, best {self.points} of the smaller fraction first"

    def search(self, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int) -> SearchOutcome:
        """Search the smaller cell, then the cell itself, each with a budget of `epochs`."""
        if problem.smaller is None:
            return self.config.search(problem, epochs=epochs, seed=seed, slots=slots)
        before = _engine(self.config, problem.smaller, epochs, seed)
        play(before, [problem.smaller], slots)
        engine = _engine(self.config, problem, epochs, seed)
        engine.sampler = _BeginningWith(_best(before.record.trials(), self.points), engine.sampler)  # type: ignore[assignment]
        cell = engine.plan.cells[0].key
        return play(engine, [problem], slots)[cell].outcome(len(engine.record.cells[cell]))


@dataclass(frozen=True)
class _BeginningWith:
    points: Sequence[Mapping[str, Value]]
    then: CellSampler

    def next(
        self, cell: str, space: SearchSpace, trials: Sequence[TrialRecord], search: int = 0
    ) -> tuple[dict[str, Value], Origin]:
        if len(trials) < len(self.points):
            return dict(self.points[len(trials)]), "shared"
        return self.then.next(cell, space, trials, search)


def _engine(config: SearchConfig, problem: BenchmarkProblem, epochs: int, seed: int) -> Engine:
    return engine_of(simulated_plan(config, [problem], epochs, seed))


def _best(trials: Sequence[TrialRecord], count: int) -> list[Mapping[str, Value]]:
    able = [trial for trial in trials if trial.value is not None and trial.state != "FAIL"]
    ranked = sorted(able, key=lambda trial: trial.value or 0.0, reverse=True)
    return [trial.params for trial in ranked[:count]]
