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
from study.comparison.class_differences import class_differences
from study.comparison.differences import differences
from study.comparison.estimates import estimates
from study.comparison.metrics.measure import Measured, measure
from study.comparison.metrics.measure_classes import measure_classes
from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import operating_point_differences, operating_points
from study.comparison.operating_points.calibration_measures import calibration_measures
from study.comparison.operating_points.temperature import log_odds
from study.comparison.per_class import per_class
from tests.study.comparison.class_worlds import NAMES, ClassWorld, draw_scores
from tests.study.comparison.operating_points.coverage import runs_at_thresholds, study
from tests.study.comparison.worlds import World, draw

REPLICATES, POSITIVES, CLASSES = (2, 3, 5), (10, 39, 100, 400), (2, 8)
VALIDATION = 150  # positive validation images that choose a threshold
DRAWS = 500
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
        found = measure_classes(block, 2, 0)
        rows = per_class([block]).query("`class` == @NAMES[1]").groupby("metric")["estimate"].mean()
        return _means(found) | {f"{name} of a class": float(value) for name, value in rows.items()}
    block = draw(regime.world, rng)
    rows = _readings(block).groupby("measure")["estimate"].mean()
    return {**rows.to_dict(), **_means(measure(block, 2, 0))}


def _means(found: list[Measured]) -> dict[str, float]:
    return {one.metric: float(one.values.mean()) for one in found}


def _two(regime: Regime, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    positives, negatives = _sizes([SHARE, 1 - SHARE], 4 * regime.positives, regime.world.per_lesion, rng)
    block = study(replace(regime.world, positives=positives, negatives=negatives), VALIDATION, rng)
    measured = [*measure(block, DRAWS, 0), *_calibrated(block, DRAWS)]
    found = _joined(estimates(measured), differences(measured, baseline="one", margin=0.02), "metric")
    points = at_points([block])
    rows = _joined(operating_points(points), operating_point_differences(points, baseline="one"), "measure")
    readings = _joined(_readings(block, measured), None, "measure")
    return {**readings, **found, **{f"{name} at a threshold": row for name, row in rows.items()}}


def _many(regime: Regime, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    world = regime.class_world
    images = sum(world.images)
    sizes = _sizes([size / images for size in world.images], images, world.per_lesion, rng)
    block = class_block(replace(world, images=tuple(sizes)), rng)
    measured = measure_classes(block, DRAWS, 0)
    first = block.methods[0]
    found = _joined(estimates(measured), differences(measured, baseline=first, margin=0.02), "metric")
    one, paired = (
        rows[rows["class"] == NAMES[1]] for rows in (per_class([block]), class_differences([block], baseline=first))
    )
    return found | {f"{name} of a class": row for name, row in _joined(one, paired, "metric").items()}


def _sizes(shares: list[float], images: int, per_lesion: float, rng: np.random.Generator) -> list[int]:
    """Images of each class of a test set of about so many: its lesions are drawn, each with its images."""
    lesions = rng.multinomial(round(images / per_lesion), shares)
    return [max(int(rng.geometric(1 / per_lesion, count).sum()), 2) for count in lesions]


def _readings(block: Block, measured: list[Measured] | None = None) -> pd.DataFrame:
    """The calibration measures of the scores as they are."""
    given = replace(block, frozen={"temperature": np.ones(block.scores.shape[:3])})
    standing = [replace(one, block=given) for one in measured or [] if one.metric == "calibration_error"]
    return calibration_measures([given], 2, 0, standing).query("reading == 'raw' and measure != 'calibration_error'")


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


def _joined(one: pd.DataFrame, paired: pd.DataFrame | None, key: str) -> dict[str, dict[str, float]]:
    """By measure, the interval of the first method's value and the test of the other against it."""
    first = one[one["method"] == one["method"].iloc[0]].set_index(key)[["low", "high"]]
    found: Mapping[str, dict[str, float]] = {str(name): dict(row) for name, row in first.iterrows()}
    if paired is not None:
        for row in paired.to_dict("records"):
            found[row[key]].update(p=row["p"], p_holm=row["p_holm"], other_low=row["low"], other_high=row["high"])
    return dict(found)
