"""What Optuna's samplers suggest after a cell's trials, asked through a study in memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from search_spaces import Choice, Int, SearchSpace
from search_spaces.domains import Value
from study.store.trial import TrialRecord
from study.store.trial_table import Direction

optuna.logging.set_verbosity(optuna.logging.WARNING)  # one line a study in memory is one a suggestion
_STATES = {"COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "RUNNING": TrialState.RUNNING}
_THEN = datetime(2000, 1, 1)  # Optuna wants times; its samplers do not look at them


def suggest(
    name: str,
    space: SearchSpace,
    trials: Sequence[TrialRecord],
    *,
    random_state: int,
    direction: Direction,
    arguments: Mapping[str, Any],
) -> dict[str, Value]:
    """Parameters for the next trial by `tpe` or `gp`, after at least one trial that has a value."""
    domains = distributions(space)
    inside = [trial for trial in trials if space.contains(trial.params)]
    seen = _for_process(inside, direction) if name == "gp" else [t for t in inside if t.state in _STATES]
    sampler = _sampler(name, random_state, arguments)
    study = optuna.create_study(storage=InMemoryStorage(), direction=direction, sampler=sampler)
    views = [OptunaTrialView.of(number, trial, domains) for number, trial in enumerate(seen)]
    study.add_trials([*views, OptunaTrialView.asking(len(seen))])
    searched = {parameter: domain for parameter, domain in domains.items() if not domain.single()}
    values = sampler.sample_relative(study, study.get_trials(deepcopy=False)[-1], searched)
    return {**space.at([0.0] * space.dimensions), **values}


def _sampler(name: str, random_state: int, arguments: Mapping[str, Any]) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return (GPSampler if name == "gp" else TPESampler)(seed=random_state, **arguments)


def _for_process(trials: Sequence[TrialRecord], direction: Direction) -> list[TrialRecord]:
    """The trials as a Gaussian process should see them: it knows complete trials alone.

    A stopped trial counts with the value it had, which is why it was stopped. A failed one counts with the worst value
    that any had: otherwise the process would know nothing of the place and could suggest it for ever. (TPE ranks
    stopped trials below complete ones, by epochs and value, and keeps to good ones; failed ones teach it nothing.)
    """
    values = [trial.value for trial in trials if trial.value is not None and trial.state in ("COMPLETE", "PRUNED")]
    worst = (min if direction == "maximize" else max)(values)
    seen = []
    for trial in trials:
        if trial.state == "RUNNING":
            seen.append(trial)
        elif trial.state == "FAIL":
            seen.append(replace(trial, state="COMPLETE", value=worst))
        elif trial.value is not None:
            seen.append(replace(trial, state="COMPLETE"))
    return seen


class OptunaTrialView(FrozenTrial):
    """A trial as Optuna sees it. Nothing changes it, so storages may share it: each suggestion tells a new study of
    all trials, and a deep copy of each would cost more than the suggestion."""

    @classmethod
    def of(cls, number: int, trial: TrialRecord, known: dict[str, BaseDistribution]) -> OptunaTrialView:
        """A trial that was asked for before."""
        finished = trial.state != "RUNNING"
        return cls(
            number=number,
            trial_id=number,
            state=_STATES[trial.state],
            value=trial.value if trial.state == "COMPLETE" else None,
            datetime_start=_THEN,
            datetime_complete=_THEN if finished else None,
            params={name: trial.params[name] for name in known},
            distributions=known,
            user_attrs={},
            system_attrs={},
            intermediate_values={}
            if trial.value is None or not trial.epochs
            else {trial.epochs[-1].epoch: trial.value},
        )

    @classmethod
    def asking(cls, number: int) -> OptunaTrialView:
        """The trial that a suggestion is for, which has no parameters yet."""
        return cls(
            number=number,
            trial_id=number,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=_THEN,
            datetime_complete=None,
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )

    def __deepcopy__(self, memo: object) -> OptunaTrialView:
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
