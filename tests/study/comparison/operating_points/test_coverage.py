"""Intervals at thresholds that were chosen on validation cover new patients and new training runs.

The short form pools three small regimes; the long one runs 1,000 studies in each of 18. Where models share validation
images they cover these two alone, and not what other validation images would have chosen.
"""

from __future__ import annotations

import pandas as pd
import pytest

from tests.study.comparison.operating_points import shared_validation
from tests.study.comparison.operating_points.coverage import rates, regimes
from tests.study.comparison.worlds import World


def test_intervals_at_frozen_thresholds_short() -> None:
    worlds = [World(replicates=r, positives=60, negatives=180, replicate=0.01, pair=0.005) for r in (2, 3, 5)]
    found = pd.DataFrame([rates(world, 40, 30, seed=1, runs=1500) for world in worlds]).mean()
    for name in ("sensitivity", "specificity"):
        assert 0.92 <= found[name] <= 0.98
        assert found[f"rejected_{name}"] <= 0.08


def test_a_shared_validation_file_is_not_covered_but_said() -> None:
    _, world, validation = list(shared_validation.regimes())[1]
    found = shared_validation.rates(world, validation, 40, seed=5)
    assert found["these validation images"] >= 0.9
    assert found["new validation images"] <= 0.82


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("place", "low", "high"), [(0, 0.82, 0.91), (1, 0.62, 0.74), (2, 0.90, 0.96), (3, 0.86, 0.93), (4, 0.93, 0.97)]
)
def test_intervals_at_shared_validation_images_long(place: int, low: float, high: float) -> None:
    _, world, validation = list(shared_validation.regimes())[place]
    found = shared_validation.rates(world, validation, 1000, seed=11)
    assert 0.93 <= found["these validation images"] <= 0.97
    assert low <= found["new validation images"] <= high


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("world", "validation"), list(regimes()), ids=str)
def test_intervals_at_frozen_thresholds_long(world: World, validation: int) -> None:
    found = rates(world, validation, 1000, seed=11)
    for name in ("sensitivity", "specificity"):
        assert 0.925 <= found[name] <= 0.98
        assert found[f"rejected_{name}"] <= 0.075
