"""Does a method tell one class from the rest better than the baseline? Paired as all differences are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.differences import difference
from study.comparison.estimates import covers
from study.comparison.holm import holm
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import measured, table

COLUMNS = (
    "method", "other", "fraction", "dataset", "class", "metric", "difference", "low", "high", "p", "p_holm",
    "replicates", "covers",
)  # fmt: skip


def class_differences(blocks: Sequence[AnyBlock], *, baseline: str) -> pd.DataFrame:
    """`method` minus the baseline in AUC against the rest and in sensitivity, a row a method and class that the test
    set has; `p_holm` is corrected over all classes, methods, fractions and test sets of a measure."""
    many = [block for block in blocks if not isinstance(block, Block) and baseline in block.methods]
    found = table([row for block in many for row in _rows(block, baseline)], COLUMNS)
    tails = found.groupby("metric", sort=False)["p_holm"].transform(lambda p: holm(p.to_numpy(float)))
    return found.assign(p_holm=tails)


def _rows(block: ClassBlock, baseline: str) -> Iterator[dict[str, Any]]:
    if block.cases.reason():
        return
    base = block.methods.index(baseline)
    for label in block.cases.present:
        views = {
            "auroc": measured(block.against_rest(label), "auroc", closed_form.auroc),
            "sensitivity": measured(block.decided(label), "sensitivity", closed_form.sensitivity),
        }
        for metric, found in views.items():
            for index, method in enumerate(block.methods):
                if index == base:
                    continue
                inference = difference(found, index, base)
                low, high = inference.difference_interval()
                yield {
                    "method": method, "other": baseline, "fraction": block.fraction, "dataset": block.dataset,
                    "class": block.classes[label], "metric": metric, "difference": inference.mean, "low": low,
                    "high": high, "p": inference.p(), "p_holm": inference.tail(),
                    "replicates": inference.replicates, "covers": covers(inference),
                }  # fmt: skip
