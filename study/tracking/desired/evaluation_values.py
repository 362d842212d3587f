"""The metrics of one prediction table, as MLflow shows them beside its run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datasets.base.score_columns import score_columns, scored_classes

if TYPE_CHECKING:
    import pandas as pd


def values(path: Path) -> dict[str, float]:
    """Of two classes AUC, average precision and Brier score; of more, the means over the classes that the test set has.

    With one class alone, those that need a second are absent.
    """
    import pandas as pd

    table = pd.read_parquet(path)
    return _of_many(table) if scored_classes(table.columns) else _of_two(table)


def _of_two(table: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    positive, score = (table["label"] == 1).to_numpy(), table["score"].to_numpy()
    metrics = {"images": float(len(table)), "positives": float(positive.sum())}
    if 0 < positive.sum() < len(table):
        metrics["auroc"] = float(roc_auc_score(positive, score))
        metrics["average_precision"] = float(average_precision_score(positive, score))
        metrics["brier"] = float(brier_score_loss(positive, score))
    return metrics


def _of_many(table: pd.DataFrame) -> dict[str, float]:
    import numpy as np
    from sklearn.metrics import recall_score, roc_auc_score

    label = table["label"].to_numpy()
    scores = table[score_columns(scored_classes(table.columns))].to_numpy()
    present = np.unique(label)
    metrics = {"images": float(len(table)), "classes_present": float(len(present))}
    if len(present) > 1:
        of_each = [float(roc_auc_score(label == one, scores[:, one])) for one in present]
        metrics["auroc"] = float(np.mean(of_each))
        right = recall_score(label, scores.argmax(axis=1), labels=present, average="macro")
        metrics["balanced_accuracy"] = float(right)
    return metrics
