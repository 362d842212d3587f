"""Are groups of patients served alike? AUC, sensitivity and specificity by group, gaps, and gaps between methods.

A diagnosis is all positive or all negative, so its AUC sets it against all images of the other class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Bools
from study.comparison.estimates import covers, interval, unknown
from study.comparison.inference import infer
from study.comparison.input_columns import SUBGROUPS
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import Measured, measured, table
from study.comparison.metrics.metric import ClosedForm

COLUMNS = (
    "method", "fraction", "dataset", "attribute", "group", "metric", "estimate", "sd", "low", "high", "images",
    "positives", "small", "replicates", "covers", "reason",
)  # fmt: skip
OF_GROUPS: dict[str, ClosedForm] = {
    "auroc": closed_form.auroc, "sensitivity": closed_form.sensitivity, "specificity": closed_form.specificity,
}  # fmt: skip
AGES = (0, 30, 45, 60, 75, 200)
SMALL = 10  # clusters (patients or lesions) of a class that the measure rests on; fewer make a small group


@dataclass(frozen=True, kw_only=True)
class Group:
    """One measure of one group; `found` is None where it is undefined; `note`: what a defined one is over."""

    block: AnyBlock
    attribute: str
    name: str
    metric: str
    images: int
    positives: int
    small: bool
    reason: str
    found: Measured | None
    note: str = ""


def group_measures(block: Block) -> list[Group]:
    """Every attribute, group and measure of a block. Two diagnoses are the two classes, and no groups within them."""
    images = block.cases.images
    if "diagnosis" in images.columns and images["diagnosis"].nunique() == 2:
        images = images.drop(columns="diagnosis")
    return [
        _group(block, attribute, name, chosen, metric)
        for attribute, name, chosen in groups(images)
        for metric in OF_GROUPS
    ]


def groups(images: pd.DataFrame) -> Iterator[tuple[str, str, Bools]]:
    """(attribute, group, images [n]) of all attributes with at least two groups; unknown values are in none."""
    for attribute in SUBGROUPS:
        if attribute not in images.columns:
            continue
        column = age_groups(images["age"]) if attribute == "age" else images[attribute]
        names = sorted(column.dropna().astype(str).unique())
        if len(names) > 1:
            text = column.astype(str).where(column.notna())
            yield from ((attribute, name, (text == name).to_numpy(bool)) for name in names)


def age_groups(age: pd.Series) -> pd.Series:
    """`0-29`, `30-44`, … in years; null stays null."""
    names = [f"{low}-{high - 1}" if high < AGES[-1] else f"{low}+" for low, high in pairwise(AGES)]
    return pd.cut(age.astype(float), AGES, right=False, labels=names).astype(object)


def _group(block: Block, attribute: str, name: str, chosen: Bools, metric: str) -> Group:
    positive = block.cases.positive
    if attribute == "diagnosis" and metric == "auroc" and chosen.any():
        if positive[chosen].all():
            chosen = chosen | ~positive
        elif not positive[chosen].any():
            chosen = chosen | positive
    positives, images = int(positive[chosen].sum()), int(chosen.sum())
    needs_positive, needs_negative = metric != "specificity", metric != "sensitivity"
    reason = "no positive image" if needs_positive and positives == 0 else ""
    reason = "no negative image" if needs_negative and positives == images else reason
    sides = [side for side, needed in ((positive, needs_positive), (~positive, needs_negative)) if needed]
    least = min(block.cases.count(chosen & side) for side in sides)
    found = None if reason else measured(block, metric, OF_GROUPS[metric], chosen)
    return Group(
        block=block, attribute=attribute, name=name, metric=metric, images=images, positives=positives,
        small=least < SMALL, reason=reason, found=found,
    )  # fmt: skip


def subgroups(found: Sequence[Group]) -> pd.DataFrame:
    """One row a group, method and measure; what it rests on, and whether that is little."""
    return table([row for group in found for row in _rows(group)], COLUMNS)


def _rows(group: Group) -> Iterator[dict[str, Any]]:
    facts = {
        "attribute": group.attribute, "group": group.name, "metric": group.metric, "images": group.images,
        "positives": group.positives, "small": group.small,
    }  # fmt: skip
    for index, method in enumerate(group.block.methods):
        where = {"method": method, "fraction": group.block.fraction, "dataset": group.block.dataset}
        if group.found is None:
            nothing = dict.fromkeys(("estimate", "sd", "low", "high"), math.nan)
            count = group.block.scores.shape[1]
            yield {**where, **facts, **nothing, "replicates": count, "covers": "", "reason": group.reason}
            continue
        inference = infer(group.found.values[index], group.found.errors[index], group.found.case_df)
        low, high = interval(group.found, inference)
        yield {
            **where, **facts, "estimate": inference.mean, "sd": inference.sd, "low": low, "high": high,
            "replicates": inference.replicates, "covers": covers(inference), "reason": unknown(inference) or group.note,
        }  # fmt: skip
