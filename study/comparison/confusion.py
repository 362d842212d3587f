"""Confusion matrices: what the images of each class were taken for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.estimates import bounded, covers
from study.comparison.inference import infer
from study.comparison.metrics.closed_form import sensitivity
from study.comparison.metrics.measure import measured, table

COLUMNS = (
    "method", "fraction", "dataset", "class", "predicted", "share", "low", "high", "images", "replicates", "covers",
)  # fmt: skip


def confusion(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """One row a method, test set, class and predicted class (the one of the highest probability): the share of the
    class's images, mean over the replicates, with its interval. Classes without an image have no row."""
    return table([row for block in blocks if not isinstance(block, Block) for row in _rows(block)], COLUMNS)


def _rows(block: ClassBlock) -> Iterator[dict[str, Any]]:
    decided = [block.decided(predicted).scores for predicted in range(len(block.classes))]
    for label in block.cases.present:
        images = int((block.cases.label == label).sum())
        for predicted, name in enumerate(block.classes):
            of_class = Block(
                fraction=block.fraction, dataset=block.dataset, methods=block.methods,
                cases=block.cases.against_rest(label), scores=decided[predicted],
            )  # fmt: skip
            found = measured(of_class, "sensitivity", sensitivity)
            count = found.classes[0]
            for index, method in enumerate(block.methods):
                inference = infer(found.values[index], found.errors[index], max(count - 1, 1))
                low, high = bounded(inference, 1.0, count)
                yield {
                    "method": method, "fraction": block.fraction, "dataset": block.dataset,
                    "class": block.classes[label], "predicted": name, "share": inference.mean, "low": low,
                    "high": high, "images": images, "replicates": inference.replicates, "covers": covers(inference),
                }  # fmt: skip
