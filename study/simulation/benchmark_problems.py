"""Benchmark problems: a search space with simulated learning curves, and the full grid as the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from search_spaces import SearchSpace, load
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import plan
from study.simulation.curve_simulators import CurveSimulator, RecordedCurves, SyntheticCurves
from study.spec.loading import load_spec
from study.store.directory import StudyDirectory
from study.store.trial_storage import study_trials

MIN_TRIALS = 4  # recorded ones a cell: with fewer, the nearest is too far from most configurations


@dataclass(frozen=True, kw_only=True)
class BenchmarkProblem:
    """One cell to search: its space, its learning curves, and the full grid of the same cell. `smaller`: the same
    method's cell at the next smaller training fraction."""

    space: SearchSpace
    curves: CurveSimulator
    grid: Sequence[dict[str, Value]]
    max_epochs: int
    smaller: BenchmarkProblem | None = None


def synthetic_problem(index: int) -> BenchmarkProblem:
    """Synthetic problem `index`: fine-tuning for up to 100 epochs, with a grid like the published study's."""
    space = load("ft", overrides={"batch_size": {"choice": [32, 128, 512]}})
    return BenchmarkProblem(space=space, curves=SyntheticCurves(space, index), grid=published_grid(), max_epochs=100)


def recorded_problem(root: Path, index: int) -> BenchmarkProblem:
    """Cell `index` of a recorded study, in a cycle. Raises `StudyError` when the study has no curves."""
    cells = _cells(root)
    return cells[index % len(cells)]


def published_grid() -> list[dict[str, Value]]:
    """The published study's 60 points: 5 learning rates × 3 batch sizes × 2 schedules × balanced or not."""
    return load("published_grid").grid_points()


@lru_cache(maxsize=1)
def _cells(root: Path) -> list[BenchmarkProblem]:
    directory = StudyDirectory(root)
    if not directory.spec.is_file():
        raise StudyError(f"A recorded study is a study directory, but {directory.spec} does not exist. Check the path.")
    planned = plan(load_spec(directory.spec))
    search = planned.spec.search
    trials = study_trials(planned, directory)
    if search.objective != "val_auc":
        raise StudyError(f"Simulations are measured in AUC, but {root} searched for {search.objective}. Use another.")
    problems = []
    for cell in planned.cells:
        recorded = [trial for trial in trials if trial.cell == cell.key and trial.epochs]
        if len(recorded) < MIN_TRIALS:
            raise StudyError(
                f"Cell {cell.key} of {root} needs {MIN_TRIALS} recorded trials, got {len(recorded)}. Run it first."
            )
        curves = RecordedCurves(cell.space, recorded, search.objective)
        problems.append(
            BenchmarkProblem(space=cell.space, curves=curves, grid=cell.space.grid_points(), max_epochs=cell.max_epochs)
        )
    return problems
