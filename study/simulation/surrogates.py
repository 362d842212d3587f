"""Learning curves of any configuration out of a bank's recorded ones.

A surrogate predicts the mean curve of a configuration from those recorded in its cell; a run's deviation from it is
drawn from the configurations that were trained twice, whole curves at a time, so that it is as large, and as long-lived
over epochs, as it was on real images. What diverged there diverges here.
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.neighbors import KNeighborsRegressor

from datasets.base.seeds import rng
from search_spaces import Choice, SearchSpace
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.simulation.curve_bank import BankCell, BankTrial
from study.simulation.curve_simulators import LearningCurve, unit_value

Kind = Literal["forest", "process", "nearest"]
NEAR = 8  # recorded pairs of runs around a configuration that its deviation is drawn from


class Surrogate:
    """The curves of one cell. `kind`: extremely randomised trees, a Gaussian process, or the nearest configuration.

    Raises `StudyError` for a cell in which no trial trained to its end.
    """

    def __init__(self, cell: BankCell, kind: Kind) -> None:
        self.cell, self._space = cell, cell.space
        whole = [trial for trial in cell.trials if not trial.failed]
        if not whole:
            raise StudyError(
                f"A cell is simulated from trainings that came to their end, but {cell.key} has none among its "
                f"{len(cell.trials)} recorded ones. Record more of them: `study curves` with more --configurations."
            )
        self._model = _model(kind, dimensions(cell.space))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its bound: no effect
            curves = np.stack([padded(trial.auc, cell.max_epochs) for trial in whole])
            self._model.fit(encoded(cell.space, whole), curves.squeeze(axis=1) if cell.max_epochs == 1 else curves)
        self._all = encoded(cell.space, cell.trials)
        failed = [bool(trial.failed) for trial in cell.trials]
        trees = ExtraTreesClassifier(n_estimators=50, min_samples_leaf=2, random_state=0)
        self._fails = trees.fit(self._all, failed) if any(failed) else None
        self._known: dict[bytes, np.ndarray] = {}  # a prediction takes milliseconds, and grids are asked for again
        self._pairs, self._deviations = deviations(cell)

    def mean(self, params: Mapping[str, Value]) -> np.ndarray:
        """The expected AUC after every epoch."""
        place = point(self._space, params)
        key = place.tobytes()
        if key not in self._known:
            self._known[key] = np.clip(_predict(self._model, place), 0.0, 1.0)
        return self._known[key]

    def deviation(self, params: Mapping[str, Value], random: np.random.Generator) -> np.ndarray:
        """How a run differs from the mean after every epoch: as one of the recorded pairs nearby did."""
        if not len(self._pairs):
            return np.zeros(self.cell.max_epochs)
        near = np.argsort(((self._pairs - point(self._space, params)) ** 2).sum(axis=1), kind="stable")[:NEAR]
        return self._deviations[random.choice(near)] * random.choice((-1.0, 1.0))

    def epochs_before_failure(self, params: Mapping[str, Value]) -> int | None:
        """After how many epochs a run diverges, as the nearest one that did; None: it does not."""
        if self._fails is None or not self._fails.predict(point(self._space, params)[None])[0]:
            return None
        distances = ((self._all - point(self._space, params)) ** 2).sum(axis=1)
        failed = [index for index, trial in enumerate(self.cell.trials) if trial.failed]
        return len(self.cell.trials[min(failed, key=lambda index: float(distances[index]))].auc)


class BankCurves:
    """The learning curves of one cell in one repetition; another repetition draws other deviations."""

    def __init__(self, surrogate: Surrogate, repetition: int) -> None:
        self._surrogate, self._repetition = surrogate, repetition

    def curve(self, params: Mapping[str, Value], epochs: int) -> LearningCurve:
        """The first `epochs` epochs, as many as the bank has."""
        searched = sorted((name, params[name]) for name in self._surrogate.cell.space.domains)
        random = rng(self._repetition, "run", self._surrogate.cell.key, searched)
        truth = self._surrogate.mean(params)[:epochs]
        reported = np.clip(truth + self._surrogate.deviation(params, random)[:epochs], 0.0, 1.0)
        end = self._surrogate.epochs_before_failure(params)
        return LearningCurve(reported=reported[:end], truth=truth[:end], diverges=end is not None)


def dimensions(space: SearchSpace) -> int:
    """Length of a point."""
    return len(point(space, space.at([0.5] * space.dimensions)))


def point(space: SearchSpace, params: Mapping[str, Value]) -> np.ndarray:
    """A configuration as numbers from 0 to 1: numbers on their domain's scale, choices as indicators."""
    found: list[float] = []
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            found += [float(params[name] == value) for value in domain.values[1:]]
        else:
            found.append(unit_value(domain, float(params[name])))
    return np.array(found)


def encoded(space: SearchSpace, trials: Sequence[BankTrial]) -> np.ndarray:
    """Points [n, d]."""
    return np.stack([point(space, trial.params) for trial in trials])


def padded(auc: np.ndarray, epochs: int) -> np.ndarray:
    """A curve that ended by itself goes on at its last value."""
    return np.pad(auc, (0, epochs - len(auc)), mode="edge")


def deviations(cell: BankCell) -> tuple[np.ndarray, np.ndarray]:
    """Points [k, d] of the configurations that were trained twice, and a run's deviation there [k, epochs]: half the
    difference of the two, times √2, because a difference has twice the variance of a run."""
    runs: dict[int, list[BankTrial]] = defaultdict(list)
    for trial in cell.trials:
        if not trial.failed:
            runs[trial.configuration].append(trial)
    twice = [found for found in runs.values() if len(found) > 1]
    if not twice:
        return np.empty((0, 0)), np.empty((0, cell.max_epochs))
    differences = [padded(a.auc, cell.max_epochs) - padded(b.auc, cell.max_epochs) for a, b, *_ in twice]
    return encoded(cell.space, [found[0] for found in twice]), np.stack(differences) / math.sqrt(2.0)


def prediction_error(cell: BankCell, kind: Kind, folds: int = 5) -> float:
    """Root mean square error of the last epoch's AUC at configurations that the surrogate was not fitted to.

    It holds the deviation of a single run: no surrogate can come below `datasheet.run_deviation`. Not a number where
    there is nothing to fit it to or to compare it with.
    """
    errors: list[float] = []
    for fold in range(folds):
        kept = tuple(trial for trial in cell.trials if trial.configuration % folds != fold)
        if all(trial.failed for trial in kept):
            continue
        model = Surrogate(BankCell(**{**vars(cell), "trials": kept}), kind)
        out = [trial for trial in cell.trials if trial.configuration % folds == fold and not trial.failed]
        errors += [model.mean(trial.params)[-1] - padded(trial.auc, cell.max_epochs)[-1] for trial in out]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else math.nan


def _predict(model: Any, place: np.ndarray) -> np.ndarray:
    """The curve at one point. A forest's own `predict` spends ten times as long on starting."""
    if isinstance(model, ExtraTreesRegressor):
        asked = place[None].astype(np.float32)
        return np.mean([tree.tree_.predict(asked) for tree in model.estimators_], axis=0).reshape(-1)
    return np.asarray(model.predict(place[None]), dtype=float).reshape(-1)


def _model(kind: Kind, size: int) -> Any:
    if kind == "forest":
        return ExtraTreesRegressor(n_estimators=100, min_samples_leaf=2, random_state=0)
    if kind == "nearest":
        return KNeighborsRegressor(n_neighbors=1)
    scales = RBF(length_scale=np.ones(size), length_scale_bounds=(0.05, 50.0))
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * scales + WhiteKernel(0.1, (1e-5, 2.0))
    return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
