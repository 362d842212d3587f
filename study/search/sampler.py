"""Which parameters a cell's next trial gets: a pure function of the cell's trials so far.

The first trials come from one scrambled Sobol design that every method with the same space shares (Sobol 1967, Owen's
scrambling): methods are compared on the same configurations, and none is luckier at the start. After it TPE (Bergstra
et al. 2011; multivariate, Falkner et al. 2018) with a constant liar for what still runs, or uniform random points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import qmc

from datasets.seeds import rng, seed
from search_spaces import Choice, Int, SearchSpace
from search_spaces.domains import Value
from study.records import Origin, TrialRecord
from study.search.trials import Direction

optuna.logging.set_verbosity(optuna.logging.WARNING)  # one line a study in memory is one a suggestion
SamplerName = Literal["tpe", "random", "grid"]
TPE_ARGUMENTS = {"n_startup_trials": 1, "n_ei_candidates": 24, "multivariate": True, "constant_liar": True}
_STATES = {"COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "RUNNING": TrialState.RUNNING}
_THEN = datetime(2000, 1, 1)  # Optuna wants times; TPE does not look at them


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
        seen = any(trial.state in ("COMPLETE", "PRUNED") for trial in trials)
        if self.name == "random" or not seen or not space.domains:
            return random_point(space, number, self.study_seed), "sampler"
        seed_ = seed(self.study_seed, "tpe", cell, number) % 2**32
        return tpe(space, trials, seed=seed_, direction=self.direction), "sampler"

    @property
    def description(self) -> dict[str, object]:
        """Everything that decides what it samples, for the log."""
        arguments = TPE_ARGUMENTS if self.name == "tpe" else {}
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


def tpe(space: SearchSpace, trials: Sequence[TrialRecord], *, seed: int, direction: Direction) -> dict[str, Value]:
    """What Optuna's TPE suggests after these trials. Failed ones teach it nothing; running ones count as bad near
    their own point (constant liar); stopped ones rank below complete ones, by epochs and value."""
    sampler = TPESampler(seed=seed, **TPE_ARGUMENTS)  # type: ignore[arg-type]
    study = optuna.create_study(storage=InMemoryStorage(), direction=direction, sampler=sampler)
    known = distributions(space)
    able = [trial for trial in trials if trial.state in _STATES and space.contains(trial.params)]
    asking = replace(able[-1], state="RUNNING", number=len(able))
    study.add_trials(_Told.of(trial, known) for trial in (*able, asking))
    searched = {name: domain for name, domain in known.items() if not domain.single()}
    found = sampler.sample_relative(study, study.get_trials(deepcopy=False)[-1], searched)
    return {**space.at([0.0] * space.dimensions), **found}


class _Told(FrozenTrial):
    """A trial as Optuna sees it. Nothing changes it, so storages may share it: each suggestion tells a new study of
    all trials, and a deep copy of each would cost more than the suggestion."""

    @classmethod
    def of(cls, trial: TrialRecord, known: dict[str, BaseDistribution]) -> _Told:
        finished = trial.state != "RUNNING"
        return cls(
            number=trial.number,
            trial_id=trial.number,
            state=_STATES[trial.state],
            value=trial.value if trial.state == "COMPLETE" else None,
            datetime_start=_THEN,
            datetime_complete=_THEN if finished else None,
            params={name: trial.params[name] for name in known},
            distributions=known,
            user_attrs={},
            system_attrs={},
            intermediate_values={} if trial.value is None else {trial.epochs[-1].epoch: trial.value},
        )

    def __deepcopy__(self, memo: object) -> _Told:
        return copy(self)


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The searched domains in Optuna's terms."""
    found: dict[str, BaseDistribution] = {}
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            found[name] = CategoricalDistribution(domain.values)
        elif isinstance(domain, Int):
            found[name] = IntDistribution(domain.low, domain.high, log=domain.log)
        else:
            found[name] = FloatDistribution(domain.low, domain.high, log=domain.log)
    return found


@lru_cache(maxsize=64)
def _sobol(dimensions: int, seed_: int, block: int) -> np.ndarray:
    return qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed_)).random(block)
