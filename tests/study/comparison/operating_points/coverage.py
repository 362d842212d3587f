"""How often intervals at frozen thresholds cover the truth in simulated studies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import logit
from scipy.stats import norm

from study.comparison.blocks import Block
from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import (
    operating_point_differences,
    operating_points,
)
from study.comparison.operating_points.rules import choose_threshold
from tests.study.comparison.worlds import World, draw, skills

POINT = "sensitivity_90"


def regimes() -> Iterator[tuple[World, int]]:
    """Studies and how many validation positives choose a threshold: few and many of everything."""
    for replicates in (2, 3, 5):
        for positives, validation in ((60, 40), (250, 150), (400, 40)):
            for spread in (0.003, 0.015):
                yield World(
                    replicates=replicates, positives=positives, negatives=3 * positives, replicate=spread,
                    pair=spread / 2,
                ), validation  # fmt: skip


def thresholds(world: World, validation: int, skill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What each run [methods, replicates] chooses on validation images of its own."""
    own = replace(world, replicates=1, positives=validation, negatives=3 * validation)
    found = np.empty(skill.shape)
    for pair in range(skill.shape[1]):
        block = draw(own, rng, skill[:, [pair]])
        found[:, pair] = [choose_threshold(POINT, scores, block.cases.positive) for scores in block.flat]
    return found


def study(world: World, validation: int, rng: np.random.Generator) -> Block:
    """A test set scored by runs whose thresholds were chosen before."""
    skill = skills(world, rng)
    chosen = thresholds(world, validation, skill, rng)
    block = draw(world, rng, skill)
    return replace(block, frozen={f"threshold.{POINT}": chosen[:, :, None]})


def runs_at_thresholds(
    world: World, validation: int, rng: np.random.Generator, runs: int
) -> tuple[np.ndarray, np.ndarray]:
    """True sensitivity and specificity [methods, runs] of so many training runs with a threshold each."""
    many = replace(world, replicates=runs)
    skill = skills(many, rng)
    cut = logit(thresholds(many, validation, skill, rng)) / world.spread
    half = skill / 2 / world.spread
    return norm.sf(cut - half), norm.cdf(cut + half)


def truths(world: World, validation: int, rng: np.random.Generator, runs: int) -> tuple[float, float]:
    """Sensitivity and specificity to expect of one more training run with one more threshold."""
    sensitivity, specificity = runs_at_thresholds(world, validation, rng, runs)
    return float(sensitivity.mean()), float(specificity.mean())


def rates(world: World, validation: int, studies: int, seed: int, runs: int = 4000) -> dict[str, float]:
    """Shares of studies whose 95 % intervals cover, of both methods, and whose test of no difference rejects."""
    rng = np.random.default_rng([seed, world.replicates, world.positives, validation, round(1e4 * world.replicate)])
    sensitivity, specificity = truths(world, validation, rng, runs)
    hits = []
    for _ in range(studies):
        found = at_points([study(world, validation, rng)])
        rows = operating_points(found).set_index(["measure", "method"])
        pairs = operating_point_differences(found, baseline="one").set_index("measure")
        covered = [
            np.mean([rows.loc[(name, m), "low"] <= true <= rows.loc[(name, m), "high"] for m in ("one", "other")])
            for name, true in (("sensitivity", sensitivity), ("specificity", specificity))
        ]
        hits.append([*covered, pairs.loc["sensitivity", "p"] < 0.05, pairs.loc["specificity", "p"] < 0.05])
    names = ("sensitivity", "specificity", "rejected_sensitivity", "rejected_specificity")
    return {name: float(value) for name, value in zip(names, np.mean(hits, axis=0), strict=True)}
