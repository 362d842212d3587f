"""Differences between methods, paired by image and by (split, seed).

Replicates of two methods with the same pair were trained on the same subsample from the same seed: the pair is crossed
with the method, as a reader is who reads with both modalities. Pairing by it is right whether or not the pair moves
both methods alike; if it does not, degrees of freedom are lost, never validity.

`p` and the interval are for one comparison read alone at 5 %. Holm's correction works on `Inference.tail`, which holds
at the small levels that it asks for. Its families, per measure: all comparisons with the baseline over fractions and
test sets (the study's question), and all other pairs (what else one may look at). Equivalence is corrected in the same
families.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.estimates import covers, unknown
from study.comparison.holm import holm
from study.comparison.inference import Inference, infer
from study.comparison.metrics.measure import Measured, table

COLUMNS = (
    "method", "other", "fraction", "dataset", "metric", "difference", "low", "high", "p", "p_holm", "detectable",
    "equivalent", "p_equivalent", "bound", "df", "replicates", "covers", "family", "reason",
)  # fmt: skip
ALPHA = 0.05


def differences(measured: Sequence[Measured], *, baseline: str, margin: float) -> pd.DataFrame:
    """`method` minus `other` for all pairs.

    `detectable`: the smallest true difference that this study shows with 80 % power after correction, at the level that
    Holm asks of the smallest p-value of the family; NaN where the measure cannot differ by so much.
    `equivalent`: the difference is shown to lie within the margin (two one-sided tests at 5 %, Schuirmann 1987), after
    Holm's correction over the family; `p_equivalent` is that corrected value, `bound` the smallest margin for which the
    tests alone would show it.
    """
    rows, found, uppers = [], [], []
    for item in measured:
        methods = sorted(range(len(item.values)), key=lambda index: item.block.methods[index] != baseline)
        for place, one in enumerate(methods):
            for other in methods[:place]:
                inference = difference(item, one, other)
                found.append(inference)
                uppers.append(item.upper)
                rows.append(_row(item, one, other, inference, baseline))
    made = table(rows, COLUMNS)
    for _, family in made.groupby(["metric", "family"], sort=False):
        here = [found[int(index)] for index in family.index]
        made.loc[family.index, "p_holm"] = holm(np.array([inference.tail() for inference in here]))
        level = ALPHA / max(int(family["p"].notna().sum()), 1)
        shown = np.array([inference.detectable(level) for inference in here])
        largest = np.array([uppers[int(index)] for index in family.index])
        made.loc[family.index, "detectable"] = np.where(shown <= largest, shown, np.nan)
        outside = holm(np.array([equivalence(inference, margin) for inference in here]))
        made.loc[family.index, "p_equivalent"] = outside
        made.loc[family.index, "equivalent"] = outside < ALPHA
    return made


def difference(item: Measured, one: int, other: int) -> Inference:
    """Inference on the paired difference of two methods of a block, given by their index."""
    return infer(item.values[one] - item.values[other], item.errors[one] - item.errors[other], item.case_df)


def bound(found: Inference) -> float:
    """The smallest margin of equivalence that two one-sided tests at 5 % allow; NaN where there is no interval."""
    return float(max(np.abs(found.interval(1 - 2 * ALPHA))))


def equivalence(found: Inference, margin: float) -> float:
    """p-value of the larger of two one-sided tests that the difference lies outside the margin; NaN where there is no
    error to test with. From `Inference.tail`, which holds at the small levels that Holm asks for."""
    if not found.error > 0:
        return math.nan
    inside = margin - abs(found.mean)
    one_sided = found.tail(abs(inside)) / 2
    return one_sided if inside > 0 else 1 - one_sided


def _row(item: Measured, one: int, other: int, found: Inference, baseline: str) -> dict[str, Any]:
    names = item.block.methods
    low, high = found.difference_interval(item.upper)
    widest = bound(found)
    return {
        "method": names[one], "other": names[other], **item.facts, "difference": found.mean, "low": low, "high": high,
        "p": found.p(), "p_holm": math.nan, "detectable": math.nan, "equivalent": False, "p_equivalent": math.nan,
        "bound": widest, "df": found.df, "replicates": found.replicates, "covers": covers(found),
        "family": "baseline" if names[other] == baseline else "others", "reason": item.reason or _reason(found),
    }  # fmt: skip


def _reason(found: Inference) -> str:
    same = "no image is ranked differently: nothing to estimate an interval from"
    return same if found.error == 0 else unknown(found)
