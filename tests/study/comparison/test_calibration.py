"""The same encoder under two names: the whole statistics must not see a difference more often than they say.

The short form pools three small regimes; `pytest -m slow tests/study/comparison` runs 1,000 studies in each of 18.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.comparison.differences import differences
from study.comparison.metrics.measure import measure
from study.comparison.read_blocks import blocks
from tests.study.comparison.calibration import auc_coverage, high_aucs, rates, regimes
from tests.study.comparison.worlds import World, draw, table

SMALL = [World(replicates=r, positives=60, negatives=180, replicate=0.01, pair=0.005) for r in (2, 3, 5)]


def test_null_studies_short() -> None:
    found = pd.DataFrame([rates(world, 220, seed=1) for world in SMALL]).mean()
    assert 0.03 <= found["rejected"] <= 0.07
    assert found["rejected_corrected"] <= 0.05
    assert 0.93 <= found["covers_difference"] <= 0.97
    assert 0.93 <= found["covers_auc"] <= 0.98


def test_planted_differences_are_found() -> None:
    world = World(replicates=5, positives=250, negatives=750, replicate=0.005, gain=0.04)
    found = rates(world, 40, seed=2)
    assert found["rejected"] >= 0.9
    assert found["covers_difference"] >= 0.85
    assert found["equivalent"] <= 0.05


def test_few_replicates_alone_would_mislead() -> None:
    """What the two variances are for: with the case variance alone, these null studies are rejected far too often."""
    world = World(replicates=5, positives=250, negatives=750, replicate=0.02)
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(60):
        (found,) = measure(draw(world, rng), 100, 0, ("auroc",))
        difference, errors = found.values[1] - found.values[0], found.errors[1] - found.errors[0]
        mean_error = errors.mean(axis=0)
        hits.append(abs(difference.mean()) > 1.96 * np.sqrt(mean_error @ mean_error))
    assert np.mean(hits) > 0.15


def test_a_table_gives_what_its_arrays_give() -> None:
    block = draw(World(replicates=3, positives=40, negatives=80), np.random.default_rng(4))
    shuffled = table(block).sample(frac=1, random_state=5)
    ordered = shuffled.sort_values("method", kind="stable", ignore_index=True)
    (again,) = blocks(ordered)
    made = [differences(measure(b, 100, 0, ("auroc",)), baseline="one", margin=0.02) for b in (block, again)]
    pd.testing.assert_frame_equal(*made)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", list(regimes()), ids=str)
def test_null_studies_long(world: World) -> None:
    found = rates(world, 1000, seed=11)
    assert 0.03 <= found["rejected"] <= 0.07
    assert 0.93 <= found["covers_difference"] <= 0.97
    assert 0.93 <= found["covers_auc"] <= 0.98


@pytest.mark.parametrize(("auc", "positives"), [(0.95, 10), (0.98, 39), (0.995, 10)])
def test_intervals_cover_where_the_auc_is_high_and_positives_are_few_short(auc: float, positives: int) -> None:
    (world,) = [world for world in high_aucs() if (world.auc, world.positives) == (auc, positives)]
    assert auc_coverage(world, 150, seed=5)["covers"] >= 0.93


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", list(high_aucs()), ids=str)
def test_intervals_cover_where_the_auc_is_high_and_positives_are_few_long(world: World) -> None:
    assert auc_coverage(world, 1000, seed=6)["covers"] >= 0.93
