"""Which images to look at: chosen by the prediction tables alone, so that nobody picks the pretty ones.

Of three classes and more the score of an image is the probability of its own class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

THRESHOLD = 0.5  # a score from here on counts as the positive class


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An image and why it was chosen; `scores` are mean scores by method over replicates."""

    dataset: str
    image_id: str
    label: int
    why: str
    scores: dict[str, float]


def mean_scores(predictions: pd.DataFrame, dataset: str, column: str = "score") -> pd.DataFrame:
    """One row an image of a test set: `image_id`, `label`, and a column a method with the mean score (or what another
    `column` holds) over ranks and replicates. Images that a method did not score are left out."""
    rows = predictions[predictions["dataset"] == dataset]
    wide = rows.pivot_table(index=["image_id", "label"], columns="method", values=column, aggfunc="mean", sort=True)
    return wide.dropna().reset_index()


def telling(scores: pd.DataFrame, dataset: str) -> list[Chosen]:
    """Up to four images of a test set: the positive that all methods see best and the one they miss most, the worst
    false alarm, and the image they disagree on most. `scores` is what `mean_scores` returns."""
    methods = _methods(scores)
    values = scores[methods]
    scored = scores.assign(mean=values.mean(axis=1), spread=values.max(axis=1) - values.min(axis=1))
    positive, negative = scored[scored["label"] == 1], scored[scored["label"] == 0]
    picks = [
        ("seen best", _top(positive, "mean")),
        ("missed most", _top(positive, "mean", highest=False)),
        ("worst false alarm", _top(negative, "mean")),
        ("methods disagree most", _top(scored, "spread") if len(methods) > 1 else None),
    ]
    found: dict[str, Chosen] = {}
    for why, row in picks:
        if row is not None and row["image_id"] not in found:
            found[row["image_id"]] = _chosen(row, dataset, why, methods)
    return list(found.values())


def confident_errors(scores: pd.DataFrame, dataset: str, method: str, each: int = 4) -> list[Chosen]:
    """The positives with the lowest and the negatives with the highest scores, `each` of both, worst first."""
    missed = scores[(scores["label"] == 1) & (scores[method] < THRESHOLD)].sort_values([method, "image_id"])
    alarms = scores[(scores["label"] == 0) & (scores[method] >= THRESHOLD)]
    alarms = alarms.sort_values([method, "image_id"], ascending=[False, True])
    return [
        _chosen(row, dataset, why, [method])
        for why, rows in (("missed", missed), ("false alarm", alarms))
        for row in _rows(rows.head(each))
    ]


def telling_of_classes(scores: pd.DataFrame, dataset: str) -> list[Chosen]:
    """Up to three images of a test set of many classes: the one whose class all methods see best, the one whose class
    they miss most, and the one they disagree on most."""
    methods = _methods(scores)
    values = scores[methods]
    scored = scores.assign(mean=values.mean(axis=1), spread=values.max(axis=1) - values.min(axis=1))
    picks = [
        ("seen best", _top(scored, "mean")),
        ("missed most", _top(scored, "mean", highest=False)),
        ("methods disagree most", _top(scored, "spread") if len(methods) > 1 else None),
    ]
    found: dict[str, Chosen] = {}
    for why, row in picks:
        if row is not None and row["image_id"] not in found:
            found[row["image_id"]] = _chosen(row, dataset, why, methods)
    return list(found.values())


def confident_errors_of_classes(
    scores: pd.DataFrame, rivals: pd.DataFrame, dataset: str, method: str, most: int = 8
) -> list[Chosen]:
    """The images to which a method gives another class, most confident first. `rivals` has in the same rows the highest
    probability of another class."""
    wrong = scores.assign(rival=rivals[method])[scores[method] < rivals[method]]
    ordered = wrong.sort_values(["rival", "image_id"], ascending=[False, True])
    return [_chosen(row, dataset, "taken for another class", [method]) for row in _rows(ordered.head(most))]


def _methods(scores: pd.DataFrame) -> list[str]:
    return [str(name) for name in scores.columns if name not in ("image_id", "label")]


def _top(rows: pd.DataFrame, column: str, highest: bool = True) -> dict[str, Any] | None:
    ordered = rows.sort_values([column, "image_id"], ascending=[not highest, True])
    return _rows(ordered.head(1))[0] if len(ordered) else None


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return rows


def _chosen(row: dict[str, Any], dataset: str, why: str, methods: list[str]) -> Chosen:
    return Chosen(
        dataset=dataset,
        image_id=str(row["image_id"]),
        label=int(row["label"]),
        why=why,
        scores={method: float(row[method]) for method in methods},
    )
