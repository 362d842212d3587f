"""What the report draws: ROC curves and reliability curves, averaged over the replicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from study.comparison.blocks import Block
from study.comparison.cases import Floats
from study.comparison.metrics.resampled import BINS, score_bins

GRID = np.linspace(0, 1, 101)


def roc(blocks: Sequence[Block]) -> pd.DataFrame:
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


def _curve(block: Block, index: int) -> Floats:
    curves = []
    for scores in block.scores[index].reshape(-1, block.scores.shape[-1]):
        fpr, tpr, _ = roc_curve(block.cases.positive, scores)
        curves.append(np.interp(GRID, fpr, tpr))
        curves[-1][0] = tpr[fpr == 0].max()  # the curve rises along the axis: its height there is the highest point
    return np.asarray(np.mean(curves, axis=0))


def calibration(blocks: Sequence[Block]) -> pd.DataFrame:
    """Mean score and share of positives in ten bins of as many scores each, over all models of a method."""
    rows = []
    for block in blocks:
        for index, method in enumerate(block.methods):
            scores = block.scores[index].reshape(-1, block.scores.shape[-1])
            place = score_bins(scores.ravel())
            count = np.bincount(place, minlength=BINS)
            filled = count > 0
            predicted = np.bincount(place, scores.ravel(), BINS)[filled] / count[filled]
            positive = np.tile(block.cases.positive, len(scores)).astype(float)
            observed = np.bincount(place, positive, BINS)[filled] / count[filled]
            rows += [
                {"method": method, "fraction": block.fraction, "dataset": block.dataset, "predicted": p,
                 "observed": o, "images": images}
                for p, o, images in zip(predicted, observed, count[filled] / len(scores), strict=True)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "fraction", "dataset", "predicted", "observed", "images"])
