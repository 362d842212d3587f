"""What to do with people's own train, validation and test parts."""

from __future__ import annotations

import pandas as pd

from datasets.inspect.classes import Classes
from datasets.splits.grouping import groups


def divide(table: pd.DataFrame, found: Classes, said: list[str], left_out: list[str]) -> dict[str, pd.DataFrame]:
    """`train`, and `test` where a test part is given that can be kept: it has both classes, and no lesion or patient
    of it is in the others. Pictures without a diagnosis are in neither.

    Training and validation pictures are one set: a study draws its own splits, another for every replicate.
    """
    known = table["diagnosis"].notna()
    if not known.all():
        parts = table["part"][~known].value_counts()
        where = f" ({', '.join(f'{count:,} in {part}' for part, count in parts.items())})" if len(parts) else ""
        left_out.append(f"{int((~known).sum()):,} pictures have no diagnosis{where}.")
    table = table[known].reset_index(drop=True)
    by = (
        "lesion or patient"
        if table[["lesion_id", "patient_id"]].notna().any(axis=None)
        else "image: no lesion is known"
    )
    test = table["part"] == "test"
    if not test.any() or test.all():
        said.append(f"{len(table):,} pictures with a diagnosis, to be split by {by}")
        return {"train": table}
    both = _in_both(table, test)
    lacking = _lacking(table[test], found)
    if both or lacking:
        why = (
            f"{both:,} lesions or patients are in it and in the others" if both else f"it has no picture of {lacking!r}"
        )
        left_out.append(f"the division into training and test is not kept, because {why}: all are split anew by {by}.")
        return {"train": table}
    said.append(f"the test part ({int(test.sum()):,} pictures) is a test set of its own")
    said.append(f"the other {int((~test).sum()):,} are split by {by}; a test part of them is kept as well")
    if (table["part"] == "validation").any():
        left_out.append("the division into training and validation is not kept: each replicate draws its own.")
    return {"train": table[~test].reset_index(drop=True), "test": table[test].reset_index(drop=True)}


def _in_both(table: pd.DataFrame, test: pd.Series) -> int:
    """How many groups of one lesion or patient have pictures on both sides."""
    group = pd.Series(groups(table))
    return len(set(group[test]) & set(group[~test]))


def _lacking(table: pd.DataFrame, found: Classes) -> str | None:
    """A class that has no picture in these rows."""
    words = set(table["diagnosis"])
    kinds = found.tasks[found.chosen]["classes"]
    return next((str(kind) for kind, said in kinds.items() if words.isdisjoint(said)), None)
