"""Every metric of the comparison in simulated studies of two methods alike: how often its tests and intervals err.

A cell of the grid is a number of replicates, of positives (of images of each rare class) to expect, and of classes.
Test sets are drawn from a population, so that the sizes of their classes vary: predictive values, mean scores and the
like depend on them. Studies go through the tables that the report is made from: what these refuse counts as refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from study.comparison.blocks import Block, ClassBlock
from study.comparison.cases import ClassCases
from study.comparison.differences import difference
from study.comparison.estimates import bounded, estimates, interval
from study.comparison.inference import Inference, infer
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import Measured, measure, measured
from study.comparison.metrics.measure_classes import measure_classes
from study.comparison.operating_points import recalibration
from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import COMPARED, operating_points
from study.comparison.operating_points.calibration_measures import excess, log_loss
from study.comparison.operating_points.temperature import log_odds
from tests.study.comparison.class_worlds import ClassWorld, draw_scores
from tests.study.comparison.operating_points.coverage import runs_at_thresholds, study
from tests.study.comparison.worlds import World, draw

REPLICATES, POSITIVES, CLASSES = (2, 3, 5), (10, 39, 100, 400), (2, 8)
VALIDATION = 150  # positive validation images that choose a threshold
DRAWS = 300
CALIBRATED = "calibration_error, calibrated"
COUNTS = ("studies", "refused", "covers", "tests", "rejected", "corrected", "covers_difference")
SHARE = 1 / 4  # of positives
SLOPE, INTERCEPT = 1.48, 1.10  # fitted to 10,000 positives and three times as many negatives of 20 runs


@dataclass(frozen=True, order=True)
class Regime:
    """One cell of the grid."""

    classes: int
    replicates: int
    positives: int

    @property
    def world(self) -> World:
        """Its studies of two classes; a run's AUC has an sd of .01, of which .005 is shared by its pair."""
        return World(
            replicates=self.replicates, positives=self.positives, negatives=3 * self.positives, replicate=0.01,
            pair=0.005,
        )  # fmt: skip

    @property
    def class_world(self) -> ClassWorld:
        """Its studies of eight classes: the largest three times as frequent as the others."""
        return ClassWorld(images=(3 * self.positives, *[self.positives] * 7), replicates=self.replicates)


def grid() -> Iterator[Regime]:
    """All cells."""
    for classes in CLASSES:
        for replicates in REPLICATES:
            for positives in POSITIVES:
                yield Regime(classes, replicates, positives)


def counted(regime: Regime, studies: range, true: Mapping[str, float]) -> dict[str, dict[str, int]]:
    """Counts by metric of the studies with these numbers, against the `true` values. What is refused is no error.

    `covers`: intervals of the first method's value that hold the true one; `rejected`: tests at 5 %; `corrected`: by
    the p-value that Holm's correction works on, in a family of one.
    """
    found: dict[str, dict[str, int]] = {}
    for number in studies:
        rng = np.random.default_rng([regime.classes, regime.replicates, regime.positives, number])
        for name, row in (_two if regime.classes == 2 else _many)(regime, rng).items():
            counts = found.setdefault(name, dict.fromkeys(COUNTS, 0))
            counts["studies"] += 1
            counts["refused"] += bool(math.isnan(row["low"]))
            counts["covers"] += bool(row["low"] <= true[name] <= row["high"])
            if not math.isnan(row.get("p", math.nan)):
                counts["tests"] += 1
                counts["rejected"] += bool(row["p"] < 0.05)
                counts["corrected"] += bool(row["p_holm"] < 0.05)
                counts["covers_difference"] += bool(row["other_low"] <= 0 <= row["other_high"])
    return found


def truth(classes: int) -> dict[str, float]:
    """What every metric is to be of one more training run on endless images, as a mean over many of both."""
    rng = np.random.default_rng([classes, 1])
    regime = Regime(classes, 10, 3000 if classes == 2 else 1500)
    drawn = [_values(regime, rng) for _ in range(40 if classes == 2 else 20)]
    found = {name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]}
    if classes == 2:
        found |= {"auroc": regime.world.auc} | _at_thresholds(regime.world, rng) | _of_calibrated(rng)
    return found


def _of_calibrated(rng: np.random.Generator) -> dict[str, float]:
    """Of very many images: ten bins of the usual number make an error of their own as large as the true one."""
    drawn = [_means(_calibrated(draw(Regime(2, 5, 100_000).world, rng), 2))[CALIBRATED] for _ in range(4)]
    return {CALIBRATED: float(np.mean(drawn))}


def _at_thresholds(world: World, rng: np.random.Generator) -> dict[str, float]:
    sensitivity, specificity = runs_at_thresholds(world, VALIDATION, rng, runs=4000)
    hits, alarms = SHARE * sensitivity, (1 - SHARE) * (1 - specificity)
    found = {
        "sensitivity": sensitivity, "specificity": specificity, "ppv": hits / (hits + alarms),
        "npv": (1 - SHARE) * specificity / ((1 - SHARE) * specificity + SHARE * (1 - sensitivity)),
        "called": hits + alarms, "biopsies_per_find": (hits + alarms) / hits,
    }  # fmt: skip
    return {f"{name} at a threshold": float(values.mean()) for name, values in found.items()}


def _values(regime: Regime, rng: np.random.Generator) -> dict[str, float]:
    """Means over both methods and all runs of one study with many of each."""
    if regime.classes > 2:
        block = class_block(regime.class_world, rng)
        return _means([*measure_classes(block, 2, 0), *_of_a_class(block)])
    two = draw(regime.world, rng)
    return _means([*measure(two, 2, 0), *_of_scores(two)])


def _means(found: list[Measured]) -> dict[str, float]:
    return {one.metric: float(one.values.mean()) for one in found}


def _two(regime: Regime, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    positives, negatives = _sizes([SHARE, 1 - SHARE], 4 * regime.positives, regime.world.per_lesion, rng)
    block = study(replace(regime.world, positives=positives, negatives=negatives), VALIDATION, rng)
    found = _rows([*measure(block, DRAWS, 0), *_calibrated(block, DRAWS)])
    for one in _of_scores(block):
        inference = infer(one.values[0], one.errors[0], one.case_df)
        low, high = bounded(inference, math.inf, one.cases) if one.metric == "log_loss" else inference.interval()
        found[one.metric] = {"low": low, "high": high}
    points = at_points([block])
    ends = operating_points(points).query("method == 'one'")
    for item, low, high in zip(points, ends["low"], ends["high"], strict=True):
        pair = _pair(difference(item.of(1, 0), 1, 0)) if item.found.metric in COMPARED else {}
        found[f"{item.found.metric} at a threshold"] = {"low": low, "high": high, **pair}
    return found


def _many(regime: Regime, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    world = regime.class_world
    images = sum(world.images)
    sizes = _sizes([size / images for size in world.images], images, world.per_lesion, rng)
    block = class_block(replace(world, images=tuple(sizes)), rng)
    found = _rows(measure_classes(block, DRAWS, 0))
    for one in _of_a_class(block):
        low, high = interval(one, infer(one.values[0], one.errors[0], one.case_df))
        found[one.metric] = {"low": low, "high": high, **_pair(difference(one, 1, 0))}
    return found


def _rows(measured: list[Measured]) -> dict[str, dict[str, float]]:
    """By metric, the interval of the first method's value as the table of estimates has it, and the other's test."""
    ends = estimates(measured).drop_duplicates("metric")
    return {
        one.metric: {"low": low, "high": high, **_pair(difference(one, 1, 0))}
        for one, low, high in zip(measured, ends["low"], ends["high"], strict=True)
    }


def _pair(found: Inference) -> dict[str, float]:
    """As a row of the table of differences, in a family of one."""
    low, high = found.difference_interval(math.inf)
    return {"p": found.p(), "p_holm": found.tail(), "other_low": low, "other_high": high}


def _of_scores(block: Block) -> list[Measured]:
    """Calibration measures of the scores as they are."""
    odds = replace(block, scores=log_odds(block.scores))
    return [
        measured(odds, "slope", recalibration.slope), measured(odds, "in the large", recalibration.in_the_large),
        measured(block, "mean score less share", excess), measured(block, "log_loss", log_loss),
    ]  # fmt: skip


def _of_a_class(block: ClassBlock) -> list[Measured]:
    """Measures of one of the rare classes."""
    decided = block.decided(1)
    found = [
        measured(block.against_rest(1), "auroc", closed_form.auroc),
        measured(decided, "sensitivity", closed_form.sensitivity),
        measured(decided, "specificity", closed_form.specificity),
    ]
    return [replace(one, metric=f"{one.metric} of a class") for one in found]


def _sizes(shares: list[float], images: int, per_lesion: float, rng: np.random.Generator) -> list[int]:
    """Images of each class of a test set of about so many: its lesions are drawn, each with its images."""
    lesions = rng.multinomial(round(images / per_lesion), shares)
    return [max(int(rng.geometric(1 / per_lesion, count).sum()), 2) for count in lesions]


def _calibrated(block: Block, draws: int) -> list[Measured]:
    """The calibration error of the same scores, moved so that they mean what they say."""
    moved = expit(SLOPE * log_odds(block.scores) - INTERCEPT)
    (found,) = measure(replace(block, scores=moved), draws, 0, ["calibration_error"])
    return [replace(found, metric=CALIBRATED)]


def class_block(world: ClassWorld, rng: np.random.Generator) -> ClassBlock:
    """One study of many classes."""
    scores, label, lesion = draw_scores(world, rng)
    cases = ClassCases(label=label, cluster=lesion, images=pd.DataFrame())
    return ClassBlock(
        fraction=1.0, dataset="drawn", methods=world.methods, classes=world.classes, cases=cases,
        scores=scores[:, :, None],
    )  # fmt: skip
