"""Numbers as people read them, and what the headline says of them."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace

import pytest

from study.report.figures.scale import Scale, tick_label
from study.report.figures.svg import spread
from study.report.formatting import interval, number, percent, probability, seconds, signed
from study.report.inputs.results import Difference
from study.report.sections.scores import made_of
from study.report.sections.verdicts import elsewhere, sentence


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (number(0.12345), "0.123"),
        (number(-0.0001), "0.000"),
        (number(math.nan), "–"),
        (signed(0.02), "+0.020"),
        (signed(-0.02), "−0.020"),
        (interval(0.1, 0.25), "[0.100,\u00a00.250]"),
        (interval(math.nan, 1.0), "no interval"),
        (percent(0.01), "1\u00a0%"),
        (percent(0.0125), "1.25\u00a0%"),
        (percent(1.0), "100\u00a0%"),
        (probability(0.0004), "< 0.001"),
        (seconds(4.25), "4.2\u00a0s"),
        (seconds(7200), "2.0\u00a0h"),
    ],
)
def test_numbers_as_words(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("pairs", "searches", "replicates", "models", "expected"),
    [
        (6, 2, 2, 6, "1 winner of each of 2 searches, on 3 (split, seed) pairs each"),
        (2, 2, 2, 6, "3 winners of each of 2 searches, on 1 (split, seed) pair each"),
        (3, 1, 3, 6, "2 winners on each of 3 (split, seed) pairs"),
        (None, 1, 2, 6, "3 for each of 2 replicates"),
    ],
)
def test_what_a_replicate_is_made_of(
    pairs: int | None, searches: int, replicates: int, models: int, expected: str
) -> None:
    context = SimpleNamespace(replicates=pairs, budget=SimpleNamespace(repeats=searches))
    assert made_of(context, replicates, models) == expected


def difference(value: float, p: float, method: str = "m", equivalent: bool = False, half: float = 0.02) -> Difference:
    return Difference(
        method=method, other="base", fraction=1.0, dataset="set", metric="auroc", value=value, low=value - half,
        high=value + half, p=p, p_adjusted=p, detectable=0.03, equivalent=equivalent,
    )  # fmt: skip


def said(*rows: Difference) -> str:
    return sentence(rows, "set", 0.02).striptags().replace("\u00a0", " ")


def test_a_shown_difference_is_named_with_its_interval() -> None:
    assert said(difference(0.05, 0.01)) == "m is better than base by 0.050 [0.030, 0.070] AUC on set."
    assert said(difference(-0.05, 0.01)) == "m is worse than base by 0.050 [0.030, 0.070] AUC on set."


def test_an_open_comparison_says_what_could_have_been_shown() -> None:
    assert said(difference(0.01, 0.4)) == (
        "Open: no difference from base is shown on set, nor that there is none (largest: m, +0.010 [−0.010, +0.030]). "
        "The study could have shown ≥ 0.030 AUC."
    )


def test_a_difference_that_correction_undoes_is_explained() -> None:
    assert "alone it would count, among all the comparisons made it does not" in said(difference(0.03, 0.2))


def test_equivalence_is_said_and_is_not_an_open_comparison() -> None:
    text = said(difference(0.001, 0.9, equivalent=True, half=0.005))
    assert text == "Equivalent to base on set within ±0.02: m (+0.001 [−0.004, +0.006])."


def test_the_three_verdicts_are_told_apart() -> None:
    shown, equivalent = difference(-0.11, 0.001, "a"), difference(0.001, 0.9, "b", equivalent=True, half=0.005)
    assert said(difference(0.03, 0.2, "c"), equivalent, shown) == (
        "a is worse than base by 0.110 [0.090, 0.130] AUC on set. "
        "Equivalent to base within ±0.02: b (+0.001 [−0.004, +0.006]). "
        "Open: c (+0.030 [+0.010, +0.050]). The study could have shown ≥ 0.030 AUC."
    )


def test_a_difference_that_is_shown_and_does_not_matter_says_so() -> None:
    small = difference(0.01, 0.01, equivalent=True, half=0.005)
    assert small.verdict == "shown"
    assert said(small).endswith("AUC on set, which is within the margin.")


def test_other_test_sets_keep_the_verdicts_apart() -> None:
    equal, left = difference(0.001, 0.9, "b", equivalent=True), difference(0.01, 0.4, "c")
    rows = {"x": [difference(0.05, 0.01, "a"), equal], "y": [left, equal]}
    assert elsewhere(rows, "Shifted", 0.02) == (
        "Shifted test sets: a is better on x (+0.050); b is equivalent within ±0.02 on x (+0.001) and y (+0.001). "
        "Open: 1 of 4 comparisons (differences of 0.030 could have been shown)."
    )
    assert elsewhere({"x": [equal]}, "Shifted", None) == "Shifted test set x: b is equivalent (+0.001)."
    assert elsewhere({"x": [left]}, "Shifted", 0.02) == (
        "Shifted test set x: open, no difference is shown (differences of 0.030 could have been shown)."
    )


def test_ticks_are_round_and_labels_tell_them_apart() -> None:
    ticks = Scale(0.71, 0.94, 0, 100).ticks(5)
    assert ticks == [0.75, 0.8, 0.85, 0.9]
    assert [tick_label(tick, ticks) for tick in ticks] == ["0.75", "0.80", "0.85", "0.90"]
    assert Scale(1, 12, 0, 100).ticks(4) == [5, 10]
    assert Scale(1e-4, 1e-1, 0, 100, log=True).ticks(4) == [1e-4, 1e-3, 1e-2, 1e-1]


def test_labels_keep_their_distance() -> None:
    placed = spread([10, 11, 50, 99], 12, 0, 100)
    assert sorted(placed) == placed
    assert all(b - a >= 12 for a, b in pairwise(placed))
    assert placed[-1] <= 100
