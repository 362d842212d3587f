"""Validation metrics of two classes that are read off the ROC and precision-recall curves, in NumPy as the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainables.training.validation_metrics import Labels, Scores

SLACK = 1e-9  # shares are ratios of counts: only rounding is forgiven


def average_precision(labels: Labels, scores: Scores) -> float:
    """Mean over the positives of the precision at each one's score: average precision, the AUPRC of the comparison."""
    hits, alarms = _counts(labels, scores)
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / (hits + alarms)).sum() / hits[-1])


def partial_auc(labels: Labels, scores: Scores) -> float:
    """Area under the ROC curve above 80 % sensitivity, from 0 to 0.2 (the measure of the ISIC 2024 challenge)."""
    hits, alarms = _counts(labels, scores)
    sensitivity, alarm = np.r_[0, hits / hits[-1]], np.r_[0, alarms / alarms[-1]]
    low, high = sensitivity[:-1], sensitivity[1:]
    start = np.clip(0.8, low, high)
    steps = np.where(high > low, high - low, 1.0)
    at_start = alarm[:-1] + (start - low) / steps * np.diff(alarm)
    return float(((high - start) * (1 - (at_start + alarm[1:]) / 2)).sum())


def sensitivity_at(specificity: float) -> Callable[[Labels, Scores], float]:
    """The highest sensitivity of an actual threshold with at least this specificity."""

    def value(labels: Labels, scores: Scores) -> float:
        hits, alarms = _counts(labels, scores)
        allowed = alarms / alarms[-1] <= 1 - specificity + SLACK
        return float(np.where(allowed, hits, 0).max() / hits[-1])

    return value


def specificity_at(sensitivity: float) -> Callable[[Labels, Scores], float]:
    """The highest specificity of an actual threshold with at least this sensitivity."""

    def value(labels: Labels, scores: Scores) -> float:
        hits, alarms = _counts(labels, scores)
        allowed = hits / hits[-1] >= sensitivity - SLACK
        return float(1 - np.where(allowed, alarms, alarms[-1]).min() / alarms[-1])

    return value


def _counts(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    """Positives and negatives at or above each distinct score of the last class, the highest score first."""
    levels, place = np.unique(scores[:, 1], return_inverse=True)
    positives = np.bincount(place, weights=labels == 1, minlength=len(levels))
    negatives = np.bincount(place, weights=labels != 1, minlength=len(levels))
    return np.cumsum(positives[::-1]), np.cumsum(negatives[::-1])
