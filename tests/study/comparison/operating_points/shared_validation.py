"""Studies whose models choose their thresholds on the same validation images, or on draws from one pool.

Two truths: for new validation images too, and for these images (new training runs and new patients alone).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logit
from scipy.stats import norm

from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import operating_points
from study.comparison.operating_points.rules import choose_threshold
from tests.study.comparison.operating_points.coverage import POINT
from tests.study.comparison.worlds import World, draw, skills

RUNS = 200  # training runs that the truth for given validation images is averaged over


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Each pair chooses by `drawn` positives (and three times as many negatives) of a pool; all of it is one file that
    all pairs share, `pool` None gives each pair images of its own."""

    drawn: int
    pool: int | None = None


def regimes() -> Iterator[tuple[str, World, Validation]]:
    """A published file, a small one, a pool as `lesion_disjoint` splits have it, and images of one's own."""
    for name, pairs, positives, validation in (
        ("one file of 500", 5, 700, Validation(drawn=500, pool=500)),
        ("one file of 40", 5, 400, Validation(drawn=40, pool=40)),
        ("40 of a pool of 227", 5, 400, Validation(drawn=40, pool=227)),
        ("40 of a pool of 227", 10, 400, Validation(drawn=40, pool=227)),
        ("40 of one's own", 5, 400, Validation(drawn=40)),
    ):
        yield name, World(replicates=pairs, positives=positives, negatives=3 * positives), validation


def cuts(world: World, validation: Validation, skill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thresholds [methods, runs], each chosen by a draw of its own from one pool, or by images of its own."""
    size = validation.pool or validation.drawn
    images = replace(world, positives=size, negatives=3 * size, per_lesion=1.0)
    shared = None if validation.pool is None else draw(replace(images, replicates=skill.shape[1]), rng, skill)
    found = np.empty(skill.shape)
    for run in range(skill.shape[1]):
        one = draw(replace(images, replicates=1), rng, skill[:, [run]]) if shared is None else shared
        ours = rng.permutation(size)[: validation.drawn]
        chosen = np.concatenate([ours, size + rng.permutation(3 * size)[: 3 * validation.drawn]])
        for method in range(len(skill)):
            scores = one.scores[method, 0 if shared is None else run, 0]
            found[method, run] = choose_threshold(POINT, scores[chosen], one.cases.positive[chosen])
    return found


def reached(world: World, cut: np.ndarray, skill: np.ndarray) -> np.ndarray:
    """True sensitivity [methods, runs] of these runs at their thresholds."""
    return np.asarray(norm.sf(logit(cut) / world.spread - skill / 2 / world.spread))


def rates(world: World, validation: Validation, studies: int, seed: int) -> dict[str, float]:
    """Shares of studies whose 95 % interval of sensitivity covers it for new validation images, and for these."""
    rng = np.random.default_rng([seed, world.replicates, validation.drawn, validation.pool or 0])
    hits, thens = [], []
    for _ in range(studies):
        many = skills(replace(world, replicates=world.replicates + RUNS), rng)
        cut = cuts(world, validation, many, rng)
        truth = reached(world, cut, many)[:, world.replicates :].mean(axis=1)
        ours = slice(0, world.replicates)
        block = draw(world, rng, many[:, ours])
        at = replace(block, frozen={f"threshold.{POINT}": cut[:, ours, None]})
        rows = operating_points(at_points([at])).query("measure == 'sensitivity'")
        hits.append(rows[["low", "high"]].to_numpy())
        thens.append(truth)
    ends, these = np.array(hits), np.array(thens)
    low, high = ends[..., 0], ends[..., 1]
    new = these.mean()
    return {
        "new validation images": float(((low <= new) & (new <= high)).mean()),
        "these validation images": float(((low <= these) & (these <= high)).mean()),
    }
