"""The shared design, and how a cell's trials come from it first and then from the study's sampler.

The first trials come from one scrambled Sobol design that every method with the same space shares (Sobol 1967, Owen's
scrambling): methods are compared on the same configurations, and none is luckier at the start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import numpy as np
from scipy.stats import qmc

from datasets.base.seeds import seed
from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.plan.repeats import search_seed
from study.search.samplers.random import random_point
from study.search.samplers.sampler import Request
from study.spec.choices import SAMPLERS
from study.spec.search_section import Search
from study.store.trial import Origin, TrialRecord
from study.store.trial_table import Direction


@dataclass(frozen=True, kw_only=True)
class CellSampler:
    """How the cells of a study are sampled. `study_seed` is the spec's seed."""

    name: str
    shared_design: int
    study_seed: int
    direction: Direction

    def next(
        self, cell: str, space: SearchSpace, trials: Sequence[TrialRecord], search: int = 0
    ) -> tuple[dict[str, Value], Origin]:
        """Parameters of trial number `len(trials)` of one of the cell's searches, and where they come from. `trials`
        are that search's; its design is the same for all cells, and no other search's."""
        number, sampler, study_seed = len(trials), SAMPLERS.get(self.name), search_seed(self.study_seed, search)
        if sampler.shares_design and number < self.shared_design:
            return design_point(space, number, study_seed), "shared"
        learned = any(
            trial.state in ("COMPLETE", "PRUNED") and trial.value is not None and space.contains(trial.params)
            for trial in trials
        )
        if sampler.learns and not (learned and space.domains):
            return random_point(space, number, study_seed), "sampler"
        request = Request(
            cell=cell,
            space=space,
            trials=trials,
            number=number,
            study_seed=study_seed,
            direction=self.direction,
        )
        return sampler.suggest(request), "sampler"


def sampler_arguments(search: Search) -> str:
    """Every setting that decides what is sampled after the design, and Optuna's version: for the record of a study."""
    arguments = {"optuna": version("optuna"), **SAMPLERS.get(search.sampler).arguments}
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def design_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """Point `number` of the shared design: the same for every cell whose space has this digest."""
    if not space.domains:
        return space.at(())
    block = 2 ** math.ceil(math.log2(max(8, number + 1)))
    return space.at(_sobol(space.dimensions, seed(study_seed, "design", space.digest), block)[number].tolist())


@lru_cache(maxsize=64)
def _sobol(dimensions: int, seed_: int, block: int) -> np.ndarray:
    return qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed_)).random(block)
