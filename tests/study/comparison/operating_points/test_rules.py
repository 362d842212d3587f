"""Thresholds against brute force over every number that could be one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datasets.base.point_names import parsed_point, point_name
from study.comparison.operating_points.rules import choose_threshold, point_label

NAMES = ("sensitivity_90", "sensitivity_100", "specificity_80", "youden", "cost_ratio_10", "cost_ratio_0.5")


def candidates(scores: np.ndarray) -> list[float]:
    """A threshold between any two scores is as good as the higher one; above all scores nothing is positive."""
    return [*sorted(set(scores.tolist())), float(np.nextafter(scores.max(), math.inf))]


def brute(name: str, scores: np.ndarray, positive: np.ndarray) -> float:
    """By the words of the rule, one threshold after the other."""
    found = []
    for threshold in candidates(scores):
        called = scores >= threshold
        hits, alarms = int((called & positive).sum()), int((called & ~positive).sum())
        found.append((threshold, hits, alarms))
    positives, negatives = int(positive.sum()), int((~positive).sum())
    rule, value = parsed_point(name)
    if rule == "sensitivity":
        return max(t for t, hits, _ in found if hits / positives >= value - 1e-12)
    if rule == "specificity":
        return min(t for t, _, alarms in found if (negatives - alarms) / negatives >= value - 1e-12)
    if rule == "youden":
        best = max(hits * negatives - alarms * positives for _, hits, alarms in found)
        return min(t for t, hits, alarms in found if hits * negatives - alarms * positives == best)
    least = min(value * (positives - hits) + alarms for _, hits, alarms in found)
    return min(t for t, hits, alarms in found if value * (positives - hits) + alarms == least)


@pytest.mark.parametrize("name", NAMES)
def test_thresholds_are_those_of_brute_force(name: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        size = int(rng.integers(2, 40))
        positive = rng.random(size) < 0.3
        positive[:2] = True, False
        scores = rng.beta(2, 3, size).round(int(rng.integers(1, 6)))  # few digits: many ties
        assert choose_threshold(name, scores, positive) == brute(name, scores, positive)


def test_a_point_without_a_rule_or_without_a_class_has_no_threshold() -> None:
    scores, positive = np.array([0.2, 0.8]), np.array([False, True])
    assert math.isnan(choose_threshold("clinic", scores, positive))
    assert math.isnan(choose_threshold("youden", scores, positive | True))
    assert math.isnan(choose_threshold("youden", scores, positive & False))


@pytest.mark.parametrize(
    ("rule", "value", "name", "label"),
    [
        ("sensitivity", 0.9, "sensitivity_90", "sensitivity 90\u00a0%"),
        ("sensitivity", 0.985, "sensitivity_98.5", "sensitivity 98.5\u00a0%"),
        ("specificity", 0.07, "specificity_7", "specificity 7\u00a0%"),
        ("cost_ratio", 10.0, "cost_ratio_10", "cost of 10 false alarms a miss"),
        ("youden", None, "youden", "largest Youden index"),
    ],
)
def test_names_say_the_rule(rule: str, value: float | None, name: str, label: str) -> None:
    assert point_name(rule, value) == name
    assert parsed_point(name) == (rule, value if value is None else pytest.approx(value))
    assert point_label(name) == label
    assert parsed_point(f"{name}_x") is None


@pytest.mark.parametrize(
    "name", ["sensitivity_150", "sensitivity_0", "specificity_101", "cost_ratio_0", "cost_ratio_1e400"]
)
def test_values_that_cannot_be_reached_are_no_operating_point(name: str) -> None:
    assert parsed_point(name) is None
    assert math.isnan(choose_threshold(name, np.array([0.2, 0.8]), np.array([False, True])))
