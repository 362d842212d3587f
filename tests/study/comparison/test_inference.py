"""Degrees of freedom, tails and reach, checked against what they are derived from, without simulating images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from study.comparison.holm import holm
from study.comparison.inference import Inference, infer

PARTS = st.floats(1e-6, 1.0)


def study(replicates: int, replicate_part: float, case_part: float, mean: float = 0.0) -> Inference:
    return Inference(
        mean=mean, replicates=replicates, replicate_part=replicate_part, case_part=case_part, case_df=math.inf
    )


def size(replicates: int, ratio: float, hillis: bool = False) -> float:
    """False positives at 5 % where the true replicate part is `ratio` times the case part, by quadrature over s²."""
    places = (np.arange(400) + 0.5) / 400
    total = 0.0
    for chi in stats.chi2.ppf(places, replicates - 1) / (replicates - 1):
        found = study(replicates, ratio * chi, 1.0)
        df = (replicates - 1) * (1 + 1 / (ratio * chi)) ** 2 if hillis else found.df
        critical = stats.t.ppf(0.975, min(df, 1e9)) * found.error
        total += 2 * stats.norm.sf(critical / math.sqrt(1 + ratio)) / len(places)
    return total


@pytest.mark.parametrize(("replicates", "low", "high"), [(2, 0.032, 0.060), (3, 0.044, 0.052), (5, 0.045, 0.052)])
def test_false_positives_stay_near_5_percent_whatever_varies(replicates: int, low: float, high: float) -> None:
    found = [size(replicates, ratio) for ratio in (0.01, 0.1, 0.3, 1, 3, 10, 30, 1000)]
    assert low <= min(found) <= max(found) <= high


def test_hillis_is_too_eager_with_two_replicates() -> None:
    assert size(2, 10, hillis=True) > 0.12
    assert size(5, 10, hillis=True) < 0.06


@given(st.integers(2, 10), PARTS, PARTS, st.floats(0.0001, 0.2))
def test_reach_is_where_the_tail_is_alpha(replicates: int, one: float, two: float, alpha: float) -> None:
    found = study(replicates, one, two)
    assert found.tail(found.reach(alpha)) == pytest.approx(alpha, rel=1e-3)


@given(st.integers(2, 10), PARTS, st.floats(0.01, 5))
def test_tail_is_student_without_cases_and_normal_without_replicates(replicates: int, part: float, far: float) -> None:
    error = math.sqrt(part)
    alone = study(replicates, part, 0.0).tail(far * error)
    assert alone == pytest.approx(2 * stats.t.sf(far, replicates - 1), rel=2e-3)
    assert study(replicates, 0.0, part).tail(far * error) == pytest.approx(2 * stats.norm.sf(far), rel=1e-6)


def test_corrected_p_values_keep_a_family_at_5_percent() -> None:
    rng, hits = np.random.default_rng(0), []
    for _ in range(300):
        ratio, replicates = 10 ** rng.uniform(-1, 1), int(rng.choice([2, 3, 5]))
        parts = ratio * rng.chisquare(replicates - 1, 30) / (replicates - 1)
        means = rng.normal(0, math.sqrt(1 + ratio), 30)
        tails = [study(replicates, part, 1.0, mean).tail() for part, mean in zip(parts, means, strict=True)]
        hits.append(holm(np.array(tails)).min() < 0.05)
    assert np.mean(hits) <= 0.07


def test_negative_case_covariance_counts_as_none() -> None:
    errors = np.array([[1.0, 0.0], [-1.0, 0.1]])
    assert infer(np.array([0.1, 0.2]), errors).case_part == 0.0


def test_detectable_differences_are_detected_four_times_in_five() -> None:
    rng = np.random.default_rng(1)
    planned = study(5, 0.5, 1.0).detectable()
    parts = 0.5 * rng.chisquare(4, 2000) / 4
    means = rng.normal(planned, math.sqrt(1.5), 2000)
    power = np.mean([study(5, part, 1.0, mean).tail() < 0.05 for part, mean in zip(parts, means, strict=True)])
    assert 0.72 <= power <= 0.88
