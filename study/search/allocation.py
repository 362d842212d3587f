"""Which cell the next trial belongs to: the one furthest behind its budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from study.search.budget import Budget
from study.store.trial import TrialRecord


def furthest_behind(budgets: Mapping[str, Budget], trials: Mapping[str, Sequence[TrialRecord]]) -> str | None:
    """The open cell with the smallest share of its budget spent or handed out, the first of them in the plan's order.

    None when no cell is open. Stopped at any moment, a study has spent nearly the same share in every cell.
    """
    able = [cell for cell, budget in budgets.items() if budget.open(trials[cell])]
    return min(able, key=lambda cell: budgets[cell].share(trials[cell]), default=None)
