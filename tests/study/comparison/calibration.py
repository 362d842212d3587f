"""How often tests and intervals are right in simulated studies: what the calibration tests and the benchmark count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from study.comparison.differences import difference, equivalence
from study.comparison.estimates import bounded, interval
from study.comparison.inference import infer
from study.comparison.metrics.measure import measure
from tests.study.comparison.worlds import World, draw, truth

REPLICATES, POSITIVES, SPREADS = (2, 3, 5), (50, 250, 600), (0.003, 0.015)


def regimes() -> Iterator[World]:
    """Few and many replicates, small and large test sets, replicates that vary little and much."""
    for replicates in REPLICATES:
        for positives in POSITIVES:
            for spread in SPREADS:
                yield World(
                    replicates=replicates, positives=positives, negatives=3 * positives, replicate=spread,
                    pair=spread / 2,
                )  # fmt: skip


def rates(world: World, studies: int, seed: int) -> dict[str, float]:
    """Shares of simulated studies whose test rejects at 5 %, whose p-value for corrections does, whose 95 % intervals
    of the difference and of an AUC cover the truth, and whose difference is declared equivalent at 0.02."""
    rng = np.random.default_rng([seed, world.replicates, world.positives, round(1e4 * world.replicate)])
    hits = np.array([_one(world, rng) for _ in range(studies)], dtype=float).mean(axis=0)
    names = ("rejected", "rejected_corrected", "covers_difference", "covers_auc", "equivalent")
    return {name: float(value) for name, value in zip(names, hits, strict=True)}


def _one(world: World, rng: np.random.Generator) -> tuple[bool, ...]:
    """What the rows of the tables `differences` and `estimates` hold, without the tables."""
    (found,) = measure(draw(world, rng), draws=100, seed=0, wanted=("auroc",))
    gain = difference(found, 1, 0)
    ends = gain.interval()
    auc = interval(found, infer(found.values[0], found.errors[0], found.case_df))
    return (
        gain.p() < 0.05,
        gain.tail() < 0.05,
        ends[0] <= world.gain <= ends[1],
        auc[0] <= truth(world)["one"] <= auc[1],
        equivalence(gain, 0.02) < 0.05,
    )


AUCS, FEW = (0.85, 0.95, 0.98, 0.995), (10, 39, 100)


def high_aucs() -> Iterator[World]:
    """High AUCs and few positives, where the usual intervals are too narrow; five replicates that vary little."""
    for auc in AUCS:
        for positives in FEW:
            spread = 0.005 if auc < 0.99 else 0.001
            yield World(
                replicates=5, positives=positives, negatives=max(90, 3 * positives), replicate=spread, pair=spread / 2,
                auc=auc,
            )  # fmt: skip


def auc_coverage(world: World, studies: int, seed: int) -> dict[str, float]:
    """Shares of simulated studies whose 95 % interval of the AUC covers the truth: ours, the usual one (logit, DeLong,
    Student's t), and the mean width of ours."""
    rng = np.random.default_rng([seed, world.positives, round(1e4 * world.auc)])
    true, rows = truth(world)["one"], []
    for _ in range(studies):
        (found,) = measure(draw(world, rng), draws=100, seed=0, wanted=("auroc",))
        inference = infer(found.values[0], found.errors[0], found.case_df)
        ends = (interval(found, inference), bounded(inference, 1.0, found.cases))
        rows.append([low <= true <= high for low, high in ends] + [ends[0][1] - ends[0][0]])
    ours, usual, width = np.nanmean(np.array(rows, dtype=float), axis=0)
    return {"covers": float(ours), "usual": float(usual), "width": float(width)}
