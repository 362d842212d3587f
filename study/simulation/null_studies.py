"""How often does a study find that one of two methods is better when they are alike?

Each simulated study tunes both by the real engine on the same curves, every training with a deviation of its own, as
recorded runs of one configuration had it. Winners are selected by the real rule and trained anew; their AUCs become
scores on a test set, which the real comparison reads. Whatever it finds is the luck of tuning, training or patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from datasets.base.seeds import rng, seed
from search_spaces import SearchSpace, load
from study.comparison.differences import difference
from study.comparison.inference import infer
from study.comparison.metrics.measure_classes import main_measure
from study.comparison.read_blocks import blocks
from study.preparation.validation_size import ValidationSize
from study.selection.winners import winners
from study.simulation.benchmark import one_thread
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.curve_simulators import CurveSimulator, LearningCurve, Params, SyntheticCurves
from study.simulation.simulate import SearchConfig, engine_of, play, simulated_plan
from study.simulation.surrogates import point
from study.store import selection_record

CASE, METHOD, RUN = 0.7, 0.1, 0.2  # parts of an image's score: of the image, of image and method, of image and run
WAVES = 32  # random features of what the validation images favour
ANY_SIZE = ValidationSize(positives=1, negatives=1)  # the plain rule does not ask


class Surfaces(Protocol):
    """What is searched: `problem(cell, run)` has the curves of a cell, with the deviations of this run."""

    @property
    def count(self) -> int:
        """How many different ones there are."""

    def problem(self, cell: int, repetition: int) -> BenchmarkProblem:
        """A cell in one run."""


@dataclass(frozen=True)
class Drawn:
    """Drawn surfaces on which trainings deviate little, so that the choice of hyperparameters decides: the hard case.
    `run`, `epoch`: sd of a training's own deviation, and of what is reported after each epoch."""

    count: int = 50
    run: float = 0.004
    epoch: float = 0.002

    def problem(self, cell: int, repetition: int) -> BenchmarkProblem:
        """Fine-tuning for up to 9 epochs, on surface `cell`."""
        space = load("ft")
        curves = DrawnRuns(SyntheticCurves(space, cell, noise=0.0), self, repetition)
        return BenchmarkProblem(space=space, curves=curves, grid=(), max_epochs=9)


@dataclass(frozen=True)
class DrawnRuns:
    """Curves of one run: the surface's, moved by the deviations of the run."""

    curves: SyntheticCurves
    sizes: Drawn
    key: int

    def curve(self, params: Params, epochs: int) -> LearningCurve:
        """The first `epochs` epochs."""
        truth = self.curves.curve(params, 10 * epochs).truth[9::10]  # an epoch here is ten of the surface's
        random = rng("drawn run", self.key, sorted(params.items()))
        moved = truth + random.normal(0, self.sizes.run)
        return LearningCurve(reported=np.clip(moved + random.normal(0, self.sizes.epoch, epochs), 0, 1), truth=moved)


@dataclass(frozen=True, kw_only=True)
class Design:
    """A study of two methods: `trials` a cell in `repeats` searches, `pairs` replicates, and the images of its test
    set. `favour`: sd over configurations by which the validation images flatter them, in every search alike."""

    trials: int = 30
    repeats: int = 1
    pairs: int = 5
    positives: int = 223
    negatives: int = 1780
    favour: float = 0.0
    sampler: str = "tpe"
    shared_design: int = 4


@dataclass(frozen=True, kw_only=True)
class NullResult:
    """Of two-sided tests at 5 %: the share that found a difference, and that would have on a test set without end;
    `auc`: mean of the replicates'; `spread`: sd of a study's true difference, which is zero on average."""

    design: Design
    studies: int
    errors: float
    errors_without_cases: float
    auc: float
    spread: float


def null_studies(designs: Sequence[Design], surfaces: Surfaces, *, studies: int, processes: int) -> list[NullResult]:
    """Every design on the same `studies` studies, which go through the surfaces."""
    results = []
    with ProcessPoolExecutor(processes, initializer=one_thread) as pool:
        for design in designs:
            found = np.array(list(pool.map(partial(null_study, design, surfaces), range(studies), chunksize=4)))
            results.append(
                NullResult(
                    design=design,
                    studies=studies,
                    errors=float((found[:, 0] < 0.05).mean()),
                    errors_without_cases=float((found[:, 1] < 0.05).mean()),
                    auc=float(found[:, 2].mean()),
                    spread=float(found[:, 3].std()),
                )
            )
    return results


def null_study(design: Design, surfaces: Surfaces, number: int) -> tuple[float, float, float, float]:
    """p-values of one study, with its patients and without; the mean true AUC, and the true difference."""
    cell = number % surfaces.count
    problems = [_problem(surfaces, cell, design, seed("null", number, side)) for side in (0, 1)]
    epochs = problems[0].max_epochs
    config = SearchConfig(
        name="null",
        sampler=design.sampler,
        shared_design=design.shared_design,
        trials=design.trials,
        repeats=design.repeats,
        asha={"eta": 3, "grace": max(1, epochs // 4)},
    )
    plan = simulated_plan(config, problems, design.trials * epochs, number, design.pairs)
    engine = engine_of(plan)
    play(engine, problems, slots=4)
    frozen = selection_record.propose(
        "null", "best", winners(plan, engine.record.trials(), ANY_SIZE), repeats=design.repeats, trials=None
    )
    truth = np.empty((2, design.pairs))
    for pair in range(1, design.pairs + 1):
        for side, winner in enumerate(frozen.of_pair(pair)):
            run = surfaces.problem(cell, seed("null replicate", number, side, pair)).curves
            curve = run.curve(winner.params, epochs)
            truth[side, pair - 1] = curve.reported.max() if len(curve.reported) else 0.5
    table = prediction_table(truth, design, number)
    with_cases = difference(main_measure(blocks(table)[0]), 1, 0)
    searches = truth.reshape(2, -1, design.repeats).mean(axis=1) if design.repeats > 1 else truth
    alone = infer(searches[1] - searches[0], np.zeros((searches.shape[1], 1)))
    return with_cases.p(), alone.p(), float(truth.mean()), alone.mean


def prediction_table(truth: np.ndarray, design: Design, number: int) -> pd.DataFrame:
    """Scores of models with these true AUCs [2, pairs]: binormal, correlated by image as those of one test set are."""
    random = rng("null scores", number)
    label = np.r_[np.ones(design.positives), np.zeros(design.negatives)]
    image = random.normal(0, np.sqrt(CASE), len(label))
    tables = []
    for side, aucs in enumerate(truth):
        seen = image + random.normal(0, np.sqrt(METHOD), len(label))
        for pair, auc in enumerate(aucs):
            noise = random.normal(0, np.sqrt(RUN), len(label))
            score = ndtr(np.sqrt(2) * ndtri(auc) * (label - 0.5) + seen + noise)
            facts = {"method": f"m{side}", "fraction": 1.0, "rank": 0, "split": pair, "seed": pair, "dataset": "test"}
            if design.repeats > 1:
                facts["search"] = pair % design.repeats
            tables.append(pd.DataFrame({**facts, "image_id": range(len(label)), "label": label, "score": score}))
    return pd.concat(tables, ignore_index=True).assign(lesion_id=None, patient_id=None)


def _problem(surfaces: Surfaces, cell: int, design: Design, run: int) -> BenchmarkProblem:
    problem = surfaces.problem(cell, run)
    if not design.favour:
        return problem
    return replace(problem, curves=FavouredCurves(problem.curves, problem.space, design.favour, run))


class FavouredCurves:
    """Curves whose reported values are those of others plus what the validation images favour: a smooth random
    function of the configuration with this sd, which a new training does not have."""

    def __init__(self, curves: CurveSimulator, space: SearchSpace, sd: float, key: int) -> None:
        random = rng("favour", key)
        size = len(point(space, space.at([0.5] * space.dimensions)))
        self._curves, self._space, self._scale = curves, space, sd * np.sqrt(2 / WAVES)
        self._waves, self._phases = random.normal(0, 3.0, (WAVES, size)), random.uniform(0, 2 * np.pi, WAVES)

    def curve(self, params: Params, epochs: int) -> LearningCurve:
        """The first `epochs` epochs."""
        found = self._curves.curve(params, epochs)
        shift = self._scale * np.cos(self._waves @ point(self._space, params) + self._phases).sum()
        return replace(found, reported=np.clip(found.reported + shift, 0.0, 1.0))
