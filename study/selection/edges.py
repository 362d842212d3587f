"""Winners on the edge of their search space."""

from __future__ import annotations

import pandas as pd

from study.plan.cells import Plan
from study.store.trial import TrialRecord


def edges(plan: Plan, winners: dict[str, list[TrialRecord]]) -> pd.DataFrame:
    """Winners whose value of a parameter lies on the edge of its domain: the best may lie outside of it."""
    rows = [
        {"cell": key, "parameter": name, "value": float(winner.params[name]), "edge": edge, "trial": winner.number}
        for key, found in winners.items()
        for winner in found
        for name, domain in plan.cell(key).space.domains.items()
        if (edge := domain.edge(winner.params[name])) is not None
    ]
    return pd.DataFrame(rows, columns=["cell", "parameter", "value", "edge", "trial"])
