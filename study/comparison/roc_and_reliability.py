"""What the report draws: ROC curves and reliability curves, averaged over the replicates.

Of many classes, each class against the rest: the mean of their ROC curves (macro-average), and one reliability curve of
all their probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Floats
from study.comparison.metrics.resampled import BINS, score_bins

GRID = np.linspace(0, 1, 101)


def roc(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """Sensitivity at 101 false-positive rates, the mean of the models' curves (vertical averaging, Fawcett 2006)."""
    tables = [
        pd.DataFrame({"fpr": GRID, "tpr": _curve(block, index)}).assign(
            method=method, fraction=block.fraction, dataset=block.dataset
        )
        for block in blocks
        if not block.cases.reason()
        for index, method in enumerate(block.methods)
    ]
    columns = ["method", "fraction", "dataset", "fpr", "tpr"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _views(block: AnyBlock) -> list[Block]:
    return [block] if isinstance(block, Block) else [block.against_rest(one) for one in block.cases.present]


def _curve(block: AnyBlock, index: int) -> Floats:
    curves = []
    for view in _views(block):
        for scores in view.scores[index].reshape(-1, view.scores.shape[-1]):
            fpr, tpr, _ = roc_curve(view.cases.positive, scores)
            curves.append(np.interp(GRID, fpr, tpr))
            curves[-1][0] = tpr[fpr == 0].max()  # the curve rises along the axis: its height there is the highest point
    return np.asarray(np.mean(curves, axis=0))


def calibration(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """Mean score and share of positives in ten bins of as many scores each, over all models of a method."""
    rows = []
    for block in blocks:
        for index, method in enumerate(block.methods):
            views = _views(block)
            each = [view.scores[index].reshape(block.models, -1) for view in views]
            scores = np.concatenate(each)
            place = score_bins(scores.ravel())
            count = np.bincount(place, minlength=BINS)
            filled = count > 0
            predicted = np.bincount(place, scores.ravel(), BINS)[filled] / count[filled]
            positive = np.concatenate([np.tile(view.cases.positive, block.models) for view in views]).astype(float)
            observed = np.bincount(place, positive, BINS)[filled] / count[filled]
            rows += [
                {"method": method, "fraction": block.fraction, "dataset": block.dataset, "predicted": p,
                 "observed": o, "images": images}
                for p, o, images in zip(predicted, observed, count[filled] / len(scores), strict=True)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "fraction", "dataset", "predicted", "observed", "images"])
