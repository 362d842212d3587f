"""The columns that hold scores: of two classes `score`, of more one a class, `score.<class>`.

They are written by trained models and read by the comparison, which know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SCORE, SD = "score", "score_sd"


def score_columns(classes: Sequence[str], prefix: str = SCORE) -> list[str]:
    """Columns of the probabilities (`prefix` `score`) or of their standard deviations over copies (`score_sd`).

    Two classes have one column, that of the last class: the other's is one minus it.
    """
    return [prefix] if len(classes) == 2 else [f"{prefix}.{name}" for name in classes]


def scored_classes(columns: Iterable[str]) -> tuple[str, ...]:
    """The classes, in their order, of a table with one probability a class; none for a table of two classes."""
    start = f"{SCORE}."
    return tuple(str(name)[len(start) :] for name in columns if str(name).startswith(start))
