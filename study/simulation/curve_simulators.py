"""Learning-curve simulators: synthetic curves with a known true AUC, or the curves of a recorded study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from datasets.base.seeds import rng
from search_spaces import Choice, Float, Int, SearchSpace
from search_spaces.domains import Value
from study.store.trial import TrialRecord

Params = Mapping[str, Value]
TIME_CONSTANTS = (2.0, 40.0)  # range, in epochs; after one of them the distance to the final AUC has fallen to 1/e


@dataclass(frozen=True)
class LearningCurve:
    """The reported AUC of a configuration after epochs 1, 2, …, and the true one, without noise. `diverges`: the
    training fails in the epoch after the last one, of its own doing."""

    reported: np.ndarray
    truth: np.ndarray
    diverges: bool = False

    def fails(self, epochs: int) -> bool:
        """Whether a training fails within so many epochs."""
        return self.diverges and len(self.reported) < epochs


class CurveSimulator(Protocol):
    """Gives the learning curve of any configuration."""

    def curve(self, params: Params, epochs: int) -> LearningCurve:
        """The first `epochs` epochs."""


class SyntheticCurves:
    """Synthetic curves: each problem draws the optimum, the weight of every parameter and the speed of training.

    The AUC approaches `0.90 - distance` exponentially; a small learning rate is slow, and long after its best epoch a
    configuration far from the optimum overfits. The noise of one epoch has a standard deviation of 0.004 AUC: that of
    an AUC of 0.9 on some 2,000 validation images, from one epoch to the next.
    """

    def __init__(self, space: SearchSpace, problem: int, noise: float = 0.004):
        random = rng(problem, "world")
        self._space, self._problem, self._noise = space, problem, noise
        self._weight = {name: random.uniform(0.01, 0.12) for name in space.domains}
        self._optimum = {name: random.uniform(0.2, 0.8) for name in space.domains}
        self._ranks = {
            name: random.permutation(len(domain.values)) / max(1, len(domain.values) - 1)
            for name, domain in space.domains.items()
            if isinstance(domain, Choice)
        }
        self._time_constant = random.uniform(4, 12)

    def curve(self, params: Params, epochs: int) -> LearningCurve:
        """AUC after each epoch."""
        distance, slowdown = 0.0, 1.0
        for name, domain in self._space.domains.items():
            if isinstance(domain, Choice):
                rank = float(self._ranks[name][domain.values.index(params[name])])
                distance += 0.15 * self._weight[name] * rank
                continue
            offset = unit_value(domain, float(params[name])) - self._optimum[name]
            distance += 4 * self._weight[name] * offset**2
            slowdown *= math.exp(-2.0 * offset) if name == "lr" else 1.0
        time_constant = min(max(self._time_constant * slowdown, TIME_CONSTANTS[0]), TIME_CONSTANTS[1])
        epoch = np.arange(1, epochs + 1)
        overfit = np.clip(0.004 * distance * (epoch - 4 * time_constant), 0.0, 0.02)
        truth = np.clip(0.90 - min(distance, 0.35) - 0.3 * np.exp(-epoch / time_constant) - overfit, 0.5, 1.0)
        noise = rng(self._problem, "noise", sorted(params.items())).normal(0.0, self._noise, epochs)
        return LearningCurve(reported=np.minimum(truth + noise, 1.0), truth=truth)


class RecordedCurves:
    """The curves of a study's trials. A configuration gets the curve of the nearest recorded one, extended by its last
    value. The recorded AUC counts as the true one."""

    def __init__(self, space: SearchSpace, trials: Sequence[TrialRecord], objective: str):
        self._space, self._objective = space, objective
        self._trials = [trial for trial in trials if trial.epochs]

    def curve(self, params: Params, epochs: int) -> LearningCurve:
        """The nearest trial's curve."""
        nearest = min(self._trials, key=lambda trial: _distance(self._space, params, trial.params))
        values = np.array([record.metrics[self._objective] for record in nearest.epochs[:epochs]])
        padded = np.pad(values, (0, epochs - len(values)), mode="edge")
        return LearningCurve(reported=padded, truth=padded)


def unit_value(domain: Float | Int, value: float) -> float:
    """A value scaled to 0…1 over its domain, on the domain's scale."""
    if domain.log:
        return math.log(value / domain.low) / math.log(domain.high / domain.low)
    return (value - domain.low) / (domain.high - domain.low)


def _distance(space: SearchSpace, one: Params, other: Params) -> float:
    total = 0.0
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            total += float(one[name] != other[name])
        else:
            total += (unit_value(domain, float(one[name])) - unit_value(domain, float(other[name]))) ** 2
    return total
