"""Where the scores of each class lie: quantiles, averaged over the models of a method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.blocks import AnyBlock, Block
from study.comparison.metrics.measure import table

COLUMNS = ("method", "fraction", "dataset", "class", "quantile", "score", "images")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def score_distribution(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """One row a method, class (`positive`, `negative`) and quantile, of two-class blocks."""
    return table([row for block in blocks if isinstance(block, Block) for row in _rows(block)], COLUMNS)


def _rows(block: Block) -> Iterator[dict[str, Any]]:
    for index, method in enumerate(block.methods):
        scores = block.scores[index].reshape(block.models, -1)
        for name, side in (("positive", block.cases.positive), ("negative", ~block.cases.positive)):
            if not side.any():
                continue
            found = np.quantile(scores[:, side], QUANTILES, axis=1).mean(axis=1)
            for quantile, score in zip(QUANTILES, found, strict=True):
                yield {
                    "method": method, "fraction": block.fraction, "dataset": block.dataset, "class": name,
                    "quantile": quantile, "score": float(score), "images": int(side.sum()),
                }  # fmt: skip
