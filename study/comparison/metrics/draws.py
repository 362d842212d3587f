"""What a resampled metric is given: one model's scores, and how often each draw of the bootstrap has each image.

The draws come in chunks. What does not depend on them, such as the order of the scores, is found once for a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scipy.sparse import csr_array

from study.comparison.cases import Bools, Floats, Ints
from study.comparison.metrics.resampled import (
    Segments,
    Weights,
    calibration_chance,
    calibration_distance,
    class_calibration_chance,
    class_calibration_distance,
    curve_measures,
    segments,
)


@dataclass(frozen=True)
class Model:
    """One model's `scores` [n], and which images are `positive` [n]."""

    scores: Floats
    positive: Bools

    @cached_property
    def segments(self) -> Segments:
        """What the curves sum."""
        return segments(self.scores, self.positive)

    @cached_property
    def distance(self) -> csr_array:
        """What the calibration error sums."""
        return calibration_distance(self.scores, self.positive)

    @cached_property
    def calibration_chance(self) -> float:
        """The calibration error that chance alone would give."""
        return calibration_chance(self.scores, self.positive)


@dataclass(frozen=True)
class Draws:
    """One `model`, and `weights` [n, draws]: how often each draw has each image."""

    model: Model
    weights: Weights

    @property
    def scores(self) -> Floats:
        """The model's scores [n]."""
        return self.model.scores

    @property
    def positive(self) -> Bools:
        """Which images are positive [n]."""
        return self.model.positive

    @cached_property
    def curves(self) -> dict[str, Weights]:
        """The measures of the ROC and precision-recall curves, which share their sums."""
        return curve_measures(self.model.segments, self.weights)


@dataclass(frozen=True)
class ClassModel:
    """One model's `scores` [n, classes], and the `label` [n] of each image."""

    scores: Floats
    label: Ints

    @cached_property
    def distance(self) -> csr_array:
        """What the calibration error sums."""
        return class_calibration_distance(self.scores, self.label)

    @cached_property
    def calibration_chance(self) -> float:
        """The calibration error that chance alone would give."""
        return class_calibration_chance(self.scores, self.label)


@dataclass(frozen=True)
class ClassDraws:
    """As `Draws`, of many classes."""

    model: ClassModel
    weights: Weights
