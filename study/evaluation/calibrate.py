"""Thresholds, temperature and prior of each replicate, chosen on its own validation images and frozen."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from datasets.base.score_columns import SCORE, score_columns, scored_classes
from datasets.splits.split import Split
from study.comparison.operating_points.frozen_columns import PRIOR_SHIFT, TEMPERATURE, threshold_column
from study.comparison.operating_points.rules import choose_threshold
from study.comparison.operating_points.temperature import both_classes, fit_temperature
from study.evaluation.validation_tables import read_validation, score_validation
from study.plan.cells import Plan
from study.preparation import manifests
from study.protocol import holdings, seal
from study.store import operating_points_record, selection_record
from study.store.directory import StudyDirectory
from study.store.operating_points_record import FrozenPoints, OperatingPoints
from study.store.selection_record import Selection, Winner
from study.store.stage import StageContext
from study.training.replicates import pairs


def calibrate(context: StageContext) -> OperatingPoints:
    """Score what is missing, choose, and freeze.

    Raises `StudyError` where other points than the frozen ones would be chosen after test labels were read.
    """
    plan, directory = context.plan, context.directory
    frozen = selection_record.load(directory)
    score_validation(context, frozen)
    points = operating_points_record.freeze(directory, _propose(plan, directory, frozen), reopen=context.reopen)
    seal.follow_points(plan, directory, points, reason=context.reopen)
    context.message(f"operating points {points.digest}: {', '.join(points.points) or 'temperature alone'}")
    return points


def frozen_values(points: OperatingPoints, winner: Winner, pair: int) -> dict[str, float]:
    """The columns of a prediction table that say what the replicate was given; NaN for what is not known."""
    found = points.of(winner.cell, winner.rank, pair)
    values = {threshold_column(name): value for name, value in found.thresholds.items()}
    values[TEMPERATURE] = found.temperature
    if found.positives is not None:
        values[PRIOR_SHIFT] = found.prior_shift
    return {name: math.nan if value is None else value for name, value in values.items()}


def point_names(plan: Plan, directory: StudyDirectory) -> tuple[str, ...]:
    """The operating points that a study is to have: those of its spec, for two classes."""
    two = holdings.class_count(directory, plan.spec.train.source) == 2
    return tuple(point.name for point in plan.spec.operating_points) if two else ()


def is_current(plan: Plan, directory: StudyDirectory, frozen: Selection) -> bool:
    """Whether the frozen record is of this selection, these points, and all replicates."""
    points = operating_points_record.load(directory)
    if points is None or points.selection != frozen.choice or points.points != point_names(plan, directory):
        return False
    known = {(one.cell, one.rank, one.pair) for one in points.replicates}
    return known == {(winner.cell, winner.rank, pair) for winner, pair in pairs(plan, frozen)}


def _propose(plan: Plan, directory: StudyDirectory, frozen: Selection) -> OperatingPoints:
    names = point_names(plan, directory)
    labels = manifests.load_manifest(plan.spec.train).table.set_index("image_id")["label"]
    return OperatingPoints(
        selection=frozen.choice,
        points=names,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        replicates=tuple(_of_replicate(plan, directory, names, labels, *one) for one in pairs(plan, frozen)),
    )


def _of_replicate(
    plan: Plan, directory: StudyDirectory, names: tuple[str, ...], labels: pd.Series, winner: Winner, pair: int
) -> FrozenPoints:
    table, digest = read_validation(directory, winner, pair)
    label = table["label"].to_numpy(int)
    classes = scored_classes(table.columns)
    scores = table[score_columns(classes) if classes else SCORE].to_numpy(float)
    chosen = {name: _known(choose_threshold(name, scores, label == 1)) for name in names}
    return FrozenPoints(
        cell=winner.cell,
        rank=winner.rank,
        pair=pair,
        images=len(table),
        positives=None if classes else int((label == 1).sum()),
        validation=digest,
        thresholds=chosen,
        temperature=_known(fit_temperature(scores if classes else both_classes(scores), label)),
        prior_shift=None if classes else _prior_shift(plan, directory, labels, winner, pair),
    )


def _prior_shift(plan: Plan, directory: StudyDirectory, labels: pd.Series, winner: Winner, pair: int) -> float | None:
    """Log-odds of the positives among the training images, less those of the images that training drew (balanced: none,
    both classes alike). None where the winner's parameters do not say how it drew."""
    if "balanced" not in winner.params:
        return None
    if not winner.params["balanced"]:
        return 0.0
    trained = Split.read(directory.split(pair, plan.cell(winner.cell).fraction)).ids("train")
    positives = int((labels.loc[trained] == 1).sum())
    others = len(trained) - positives
    return float(np.log(positives / others)) if positives and others else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
