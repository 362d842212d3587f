"""Learning curves for the simulator: drawn ones with a known truth, or those of a recorded study."""

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
PACE = (2.0, 40.0)  # epochs in which the distance to the final AUC falls to 1/e


@dataclass(frozen=True)
class Curve:
    """What a configuration reports after epochs 1, 2, …, and the same without noise."""

    reported: np.ndarray
    truth: np.ndarray


class Curves(Protocol):
    """Gives every configuration its curve."""

    def curve(self, params: Params, epochs: int) -> Curve:
        """The first `epochs` epochs."""


class DrawnCurves:
    """A random but smooth world: where the best parameters lie, how much each matters and how fast training is.

    The AUC approaches `0.90 - distance` exponentially; a small learning rate is slow, and long after its best epoch a
    configuration far from the optimum overfits. The noise of one epoch has a standard deviation of 0.004 AUC: that of
    an AUC of 0.9 on some 2,000 validation images, from one epoch to the next.
    """

    def __init__(self, space: SearchSpace, world: int, noise: float = 0.004):
        chance = rng(world, "world")
        self._space, self._world, self._noise = space, world, noise
        self._weight = {name: chance.uniform(0.01, 0.12) for name in space.domains}
        self._centre = {name: chance.uniform(0.2, 0.8) for name in space.domains}
        self._order = {
            name: chance.permutation(len(domain.values)) / max(1, len(domain.values) - 1)
            for name, domain in space.domains.items()
            if isinstance(domain, Choice)
        }
        self._pace = chance.uniform(4, 12)

    def curve(self, params: Params, epochs: int) -> Curve:
        """AUC after each epoch."""
        distance, slow = 0.0, 1.0
        for name, domain in self._space.domains.items():
            if isinstance(domain, Choice):
                place = float(self._order[name][domain.values.index(params[name])])
                distance += 0.15 * self._weight[name] * place
                continue
            off = unit(domain, float(params[name])) - self._centre[name]
            distance += 4 * self._weight[name] * off**2
            slow *= math.exp(-2.0 * off) if name == "lr" else 1.0
        pace = min(max(self._pace * slow, PACE[0]), PACE[1])
        epoch = np.arange(1, epochs + 1)
        overfit = np.clip(0.004 * distance * (epoch - 4 * pace), 0.0, 0.02)
        truth = np.clip(0.90 - min(distance, 0.35) - 0.3 * np.exp(-epoch / pace) - overfit, 0.5, 1.0)
        noise = rng(self._world, "noise", sorted(params.items())).normal(0.0, self._noise, epochs)
        return Curve(reported=np.minimum(truth + noise, 1.0), truth=truth)


class RecordedCurves:
    """The curves of a study's trials: a configuration reports what the nearest recorded one did, held at its last
    epoch. What was recorded is taken for the truth."""

    def __init__(self, space: SearchSpace, trials: Sequence[TrialRecord], objective: str):
        self._space, self._objective = space, objective
        self._trials = [trial for trial in trials if trial.epochs]

    def curve(self, params: Params, epochs: int) -> Curve:
        """The nearest trial's curve."""
        nearest = min(self._trials, key=lambda trial: _distance(self._space, params, trial.params))
        values = np.array([record.metrics[self._objective] for record in nearest.epochs[:epochs]])
        held = np.pad(values, (0, epochs - len(values)), mode="edge")
        return Curve(reported=held, truth=held)


def unit(domain: Float | Int, value: float) -> float:
    """Where a value lies in its domain, from 0 to 1 on the domain's scale."""
    if domain.log:
        return math.log(value / domain.low) / math.log(domain.high / domain.low)
    return (value - domain.low) / (domain.high - domain.low)


def _distance(space: SearchSpace, one: Params, other: Params) -> float:
    total = 0.0
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            total += float(one[name] != other[name])
        else:
            total += (unit(domain, float(one[name])) - unit(domain, float(other[name]))) ** 2
    return total
