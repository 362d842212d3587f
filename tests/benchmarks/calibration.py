"""Are the error rates what they say? Null studies and planted differences through the whole statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.study.comparison.calibration import rates, regimes
from tests.study.comparison.worlds import World

GAINS = (0.01, 0.02, 0.03, 0.05)


def run(short: bool) -> dict[str, Any]:
    """One row a regime: false positives and coverage without a difference, power with one of 0.01 to 0.05 AUC."""
    studies, planted = (60, 20) if short else (1000, 200)
    worlds = [world for world in regimes() if not short or (world.positives == 50)]
    return {
        "title": "Error rates of the comparison in simulated studies",
        "rows": [_row(world, studies, planted) for world in worlds],
        "note": (
            f"{studies} null studies a row, {planted} for every planted difference of AUC; level 5 %, intervals "
            "95 %. Corrected: the p-value that Holm's correction works on, in a family of one. Equivalent: how often "
            "two equal methods are shown to differ by less than 0.02."
        ),
    }


def _row(world: World, studies: int, planted: int) -> dict[str, Any]:
    null = rates(world, studies, seed=11)
    power = {
        f"power at {gain:g}": round(rates(replace(world, gain=gain), planted, seed=12)["rejected"], 2) for gain in GAINS
    }
    return {
        "replicates": world.replicates, "positives": world.positives, "sd of a run": world.replicate,
        "false positives": round(null["rejected"], 3), "corrected": round(null["rejected_corrected"], 3),
        "covers difference": round(null["covers_difference"], 3), "covers AUC": round(null["covers_auc"], 3),
        "equivalent": round(null["equivalent"], 2), **power,
    }  # fmt: skip
