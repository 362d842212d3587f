"""Where simulated searches take place: learning curves, and the grid that a search is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from search_spaces import SearchSpace, load
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import plan
from study.simulation.curve_models import Curves, DrawnCurves, RecordedCurves
from study.spec.loading import load_spec
from study.store.directory import StudyDirectory
from study.store.trial_storage import study_trials

FEWEST = 4  # recorded trials: the nearest of fewer says little about a configuration


@dataclass(frozen=True, kw_only=True)
class World:
    """One cell to search: `space` says what, `curves` what happens, `grid` is the full grid of the same cell."""

    space: SearchSpace
    curves: Curves
    grid: Sequence[dict[str, Value]]
    max_epochs: int


def drawn(index: int) -> World:
    """World `index` of the drawn ones: fine-tuning for up to 100 epochs, with a grid like the published study's."""
    space = load("ft", overrides={"batch_size": {"choice": [32, 128, 512]}})
    return World(space=space, curves=DrawnCurves(space, index), grid=published_grid(), max_epochs=100)


def recorded(root: Path, index: int) -> World:
    """A cell of a recorded study, one after the other. Raises `StudyError` when the study has no curves to give."""
    cells = _cells(root)
    return cells[index % len(cells)]


def published_grid() -> list[dict[str, Value]]:
    """The published study's 60 points: 5 learning rates × 3 batch sizes × 2 schedules × balanced or not."""
    return load("published_grid").grid_points()


@lru_cache(maxsize=1)
def _cells(root: Path) -> list[World]:
    directory = StudyDirectory(root)
    if not directory.spec.is_file():
        raise StudyError(f"A recorded study is a study directory, but {directory.spec} does not exist. Check the path.")
    planned = plan(load_spec(directory.spec))
    search = planned.spec.search
    trials = study_trials(planned, directory)
    if search.objective != "val_auc":
        raise StudyError(f"Simulations are measured in AUC, but {root} searched for {search.objective}. Use another.")
    found = []
    for cell in planned.cells:
        own = [trial for trial in trials if trial.cell == cell.key and trial.epochs]
        if len(own) < FEWEST:
            raise StudyError(f"Cell {cell.key} of {root} needs {FEWEST} recorded trials, got {len(own)}. Run it first.")
        curves = RecordedCurves(cell.space, own, search.objective)
        found.append(World(space=cell.space, curves=curves, grid=cell.space.grid_points(), max_epochs=cell.max_epochs))
    return found
