"""Which parameters a cell's next trial gets: a pure function of the cell's trials so far.

The first trials come from one scrambled Sobol design that every method with the same space shares (Sobol 1967, Owen's
scrambling): methods are compared on the same configurations, and none is luckier at the start. After it what Optuna
suggests (`suggest`), or uniform random points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import optuna
from scipy.stats import qmc

from datasets.base.seeds import rng, seed
from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.search.samplers.optuna_samplers import ARGUMENTS, suggest
from study.store.trial import Origin, TrialRecord
from study.store.trial_table import Direction

SamplerName = Literal["tpe", "gp", "random", "grid"]


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """How the cells of a study are sampled. `study_seed` is the spec's seed."""

    name: SamplerName
    shared_design: int
    study_seed: int
    direction: Direction

    def next(self, cell: str, space: SearchSpace, trials: Sequence[TrialRecord]) -> tuple[dict[str, Value], Origin]:
        """Parameters of the cell's trial number `len(trials)`, and where they come from."""
        number = len(trials)
        if self.name == "grid":
            return grid_point(space, number, self.study_seed), "sampler"
        if number < self.shared_design:
            return design_point(space, number, self.study_seed), "shared"
        seen = any(trial.state in ("COMPLETE", "PRUNED") and trial.value is not None for trial in trials)
        if self.name == "random" or not seen or not space.domains:
            return random_point(space, number, self.study_seed), "sampler"
        seed_ = seed(self.study_seed, self.name, cell, number) % 2**32
        return suggest(self.name, space, trials, seed=seed_, direction=self.direction), "sampler"

    @property
    def description(self) -> dict[str, object]:
        """Everything that decides what it samples, for the log."""
        arguments = ARGUMENTS.get(self.name, {})
        return {"sampler": self.name, "shared_design": self.shared_design, "optuna": optuna.__version__, **arguments}


def design_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """Point `number` of the shared design: the same for every cell whose space has this digest."""
    if not space.domains:
        return space.at(())
    block = 2 ** math.ceil(math.log2(max(8, number + 1)))
    return space.at(_sobol(space.dimensions, seed(study_seed, "design", space.digest), block)[number].tolist())


def random_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """A uniform random point: by number, the same for every cell whose space has this digest."""
    return space.at(rng(study_seed, "random", space.digest, number).random(space.dimensions).tolist())


def grid_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """Point `number` of the full grid in an order that all cells with this space share: shuffled, so that a search
    stopped early has seen all of the grid's regions."""
    order = rng(study_seed, "grid", space.digest).permutation(len(space.grid_points()))
    return space.grid_points()[order[number]]


@lru_cache(maxsize=64)
def _sobol(dimensions: int, seed_: int, block: int) -> np.ndarray:
    return qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed_)).random(block)
