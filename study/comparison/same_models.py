"""All test sets are scored by the same trained models: what a method loses from one to another is paired by model."""

from __future__ import annotations

import pandas as pd

from study.comparison.errors import ComparisonError
from study.comparison.input_columns import MODEL, SEARCH

SHOWN = 4


def check_same_models(table: pd.DataFrame) -> None:
    """Raise `ComparisonError` where a method has other models of a fraction on one test set than on another. A test set
    that a method was not evaluated on at this fraction says nothing."""
    columns = [*MODEL[2:], *([SEARCH] if SEARCH in table.columns else [])]
    models = table[[*MODEL[:2], "dataset", *columns]].drop_duplicates()
    for (method, fraction), rows in models.groupby(MODEL[:2], sort=False, observed=True):
        by_set = {
            str(name): set(here[columns].itertuples(index=False, name=None))
            for name, here in rows.groupby("dataset", sort=False, observed=True)
        }
        (first, expected), *others = by_set.items()
        for name, found in others:
            if found != expected:
                raise ComparisonError(
                    f"Every test set is scored by the same re-trained models, but of {method}, fraction {fraction:g}, "
                    f"there are {_said(expected)} on {first} and {_said(found)} on {name} ({', '.join(columns)}). Add "
                    "the missing prediction tables, or compare these test sets apart."
                )


def _said(models: set[tuple[int, ...]]) -> str:
    shown = ", ".join(str(tuple(int(value) for value in one)) for one in sorted(models)[:SHOWN])
    return f"{len(models)}: {shown}{', …' if len(models) > SHOWN else ''}"
