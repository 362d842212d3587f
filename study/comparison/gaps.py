"""Gaps between the best and the worst served group, and whether methods differ in them.

The gap is the largest of all differences between two groups. Picking the extremes of k groups makes a gap out of noise,
so its interval comes from simultaneous intervals for all pairs of groups (Bonferroni): it may begin at zero. Small and
undefined groups are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.holm import holm
from study.comparison.inference import Inference, infer
from study.comparison.metrics.measure import Measured, table
from study.comparison.subgroups import Group

COLUMNS = (
    "method", "fraction", "dataset", "attribute", "metric", "gap", "low", "high", "p", "best", "worst", "groups",
)  # fmt: skip
PAIRED = (
    "method", "other", "fraction", "dataset", "attribute", "metric", "best", "worst", "difference", "low", "high", "p",
    "p_holm",
)  # fmt: skip
Family = list[tuple[str, Measured]]


def gaps(found: Sequence[Group]) -> pd.DataFrame:
    """One row a method, attribute and measure; `p` is that of no gap at all, corrected for the pairs of groups."""
    rows = []
    for facts, family in _families(found):
        for index, method in enumerate(family[0][1].block.methods):
            rows.append({"method": method, **facts, **_gap(family, index)})
    return table(rows, COLUMNS)


def gap_differences(found: Sequence[Group], *, baseline: str) -> pd.DataFrame:
    """The gap of `method` minus that of the baseline, between the groups that are served best and worst on average over
    all methods: groups picked by one method's extremes would shrink in every other (regression to the mean).

    `p_holm` holds `Inference.tail`, uncorrected: `correct` makes it what it is called once all blocks are together.
    """
    rows = []
    for facts, family in _families(found):
        methods = family[0][1].block.methods
        if baseline not in methods:
            continue
        means = np.array([item.values.mean() for _, item in family])
        (best, high), (worst, low) = family[int(means.argmax())], family[int(means.argmin())]
        base = methods.index(baseline)
        for index, method in enumerate(methods):
            if index != base:
                inference = _contrast(high, low, index, base)
                ends = dict(zip(("low", "high"), inference.interval(), strict=True))
                rows.append(
                    {"method": method, "other": baseline, **facts, "best": best, "worst": worst,
                     "difference": inference.mean, **ends, "p": inference.p(), "p_holm": inference.tail()}
                )  # fmt: skip
    return table(rows, PAIRED)


def correct(paired: pd.DataFrame) -> pd.DataFrame:
    """Holm's correction over all paired gaps of a measure."""
    corrected = paired.groupby("metric", sort=False)["p_holm"].transform(lambda p: holm(p.to_numpy(float)))
    return paired.assign(p_holm=corrected)


def _families(found: Sequence[Group]) -> list[tuple[dict[str, Any], Family]]:
    """Groups that can be set against each other, by what else they share."""
    families: dict[tuple[float, str, str, str], Family] = {}
    for group in found:
        if group.found is not None and not group.small:
            key = (group.block.fraction, group.block.dataset, group.attribute, group.metric)
            families.setdefault(key, []).append((group.name, group.found))
    names = ("fraction", "dataset", "attribute", "metric")
    return [(dict(zip(names, key, strict=True)), family) for key, family in families.items() if len(family) > 1]


def _gap(family: Family, index: int) -> dict[str, Any]:
    values = np.array([item.values[index].mean() for _, item in family])
    pairs = [
        infer(one.values[index] - two.values[index], one.errors[index] - two.errors[index],
              min(one.case_df, two.case_df))
        for (_, one), (_, two) in combinations(family, 2)
    ]  # fmt: skip
    halves = np.array([pair.reach(0.05 / len(pairs)) for pair in pairs])
    sizes = np.array([abs(pair.mean) for pair in pairs])
    known = not np.isnan(halves).any()
    return {
        "gap": float(values.max() - values.min()),
        "low": float(max(0.0, (sizes - halves).max())) if known else np.nan,
        "high": float(min(1.0, (sizes + halves).max())) if known else np.nan,
        "p": min(1.0, len(pairs) * min(pair.tail() for pair in pairs)) if known else np.nan,
        "best": family[int(values.argmax())][0],
        "worst": family[int(values.argmin())][0],
        "groups": len(family),
    }


def _contrast(high: Measured, low: Measured, one: int, other: int) -> Inference:
    values = (high.values[one] - low.values[one]) - (high.values[other] - low.values[other])
    errors = (high.errors[one] - low.errors[one]) - (high.errors[other] - low.errors[other])
    return infer(values, errors, min(high.case_df, low.case_df))
