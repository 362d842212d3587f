"""The winners of every cell, by the rule that the spec names."""

from __future__ import annotations

from collections.abc import Sequence

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.preparation.validation_size import ValidationSize
from study.selection.rules.rule import SelectionRule
from study.spec.choices import SELECTION_RULES
from study.store.searches import by_search
from study.store.trial import TrialRecord


def winners(plan: Plan, trials: Sequence[TrialRecord], size: ValidationSize) -> dict[str, list[TrialRecord]]:
    """The winners of every cell, search by search, best first. Raises `StudyError` when a search has too few trials
    that can win."""
    rule: SelectionRule = SELECTION_RULES.get(plan.spec.select.rule)
    search = plan.spec.search
    found: dict[str, list[TrialRecord]] = {}
    for cell in plan.cells:
        able = [t for t in trials if t.cell == cell.key and t.state in ("COMPLETE", "PRUNED") and t.epochs]
        found[cell.key] = []
        for number, own in enumerate(by_search(able, search.repeats), start=1):
            if len(own) < plan.spec.select.k:
                which = f", search {number} of {search.repeats}," if search.repeats > 1 else ""
                raise StudyError(
                    f"Cell {cell.key}{which} needs {plan.spec.select.k} trials with a validation value to select from, "
                    f"got {len(own)}. See `study status` for why the others failed; raise search.trials and run again."
                )
            found[cell.key] += rule.order(own, search.objective, size)[: plan.spec.select.k]
    return found
