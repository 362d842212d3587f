"""How well each class of many is told from the rest: AUC, sensitivity and specificity, class by class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.estimates import covers, interval, unknown
from study.comparison.inference import infer
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import Measured, measured, table

COLUMNS = (
    "method", "fraction", "dataset", "class", "metric", "estimate", "sd", "low", "high", "images", "replicates",
    "covers", "reason",
)  # fmt: skip
OF_CLASSES = ("auroc", "sensitivity", "specificity")
ABSENT = "no image of this class"


def per_class(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """One row a method, test set, class and measure; a class that the test set lacks is undefined, never zero.

    The AUC is that of the class's probability against all other images; sensitivity and specificity are those of the
    class with the highest probability. No rows for two classes.
    """
    return table([row for block in blocks if not isinstance(block, Block) for row in _rows(block)], COLUMNS)


def _rows(block: ClassBlock) -> Iterator[dict[str, Any]]:
    for label, name in enumerate(block.classes):
        images = int((block.cases.label == label).sum())
        reason = "" if images else ABSENT
        reason = "no image of another class" if images == len(block.cases.label) else reason
        found = {} if reason else _measures(block, label)
        for metric in OF_CLASSES:
            for index, method in enumerate(block.methods):
                facts = {
                    "method": method, "fraction": block.fraction, "dataset": block.dataset, "class": name,
                    "metric": metric, "images": images, "replicates": block.shape[1],
                }  # fmt: skip
                yield {**facts, **(_estimate(found[metric], index) if found else _nothing(reason))}


def _measures(block: ClassBlock, label: int) -> dict[str, Measured]:
    decided = block.decided(label)
    return {
        "auroc": measured(block.against_rest(label), "auroc", closed_form.auroc),
        "sensitivity": measured(decided, "sensitivity", closed_form.sensitivity),
        "specificity": measured(decided, "specificity", closed_form.specificity),
    }


def _estimate(found: Measured, index: int) -> dict[str, Any]:
    inference = infer(found.values[index], found.errors[index], found.case_df)
    low, high = interval(found, inference)
    return {
        "estimate": inference.mean, "sd": inference.sd, "low": low, "high": high, "covers": covers(inference),
        "reason": unknown(inference),
    }  # fmt: skip


def _nothing(reason: str) -> dict[str, Any]:
    return {**dict.fromkeys(("estimate", "sd", "low", "high"), math.nan), "covers": "", "reason": reason}
