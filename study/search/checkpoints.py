"""Which files of a search are still needed: the disk holds what can go on or can win, nothing else.

A trial that runs keeps everything. One that has ended needs no `last.pt`, and its `best.pt` only while it can win its
search. Winners are trained anew from their parameters, so nothing later depends on these files: `best.pt` is kept for
the people who want to look at what won.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from study.plan.cells import Plan
from study.selection.rules.rule import SelectionRule
from study.spec.choices import SELECTION_RULES
from study.spec.search_section import Select
from study.store.directory import StudyDirectory
from study.store.searches import by_search
from study.store.trial import TrialRecord

BEST = "best.pt"


class Keeper:
    """Deletes a cell's unneeded files whenever one of its trials ends. Deleting again what is gone changes nothing."""

    def __init__(self, plan: Plan, directory: StudyDirectory):
        self._select = plan.spec.select
        self._objective, self._repeats = plan.spec.search.objective, plan.spec.search.repeats
        self._directory = directory

    def tidy(self, cell: str, trials: Sequence[TrialRecord]) -> None:
        """Leave of a cell's ended trials the best checkpoints of those that can still win."""
        able = selectable(self._select, trials, self._objective, self._repeats)
        for trial in trials:
            if trial.finished:
                _clear(self._directory.trial(cell, trial.number), keep_best=trial.number in able)


def selectable(select: Select, trials: Sequence[TrialRecord], objective: str, repeats: int = 1) -> set[int]:
    """Numbers of the ended trials that may still win their search, whatever the others will report."""
    able = [trial for trial in trials if trial.state in ("COMPLETE", "PRUNED") and trial.epochs]
    rule: SelectionRule = SELECTION_RULES.get(select.rule)
    return {number for own in by_search(able, repeats) for number in rule.contenders(own, objective, select.k) if own}


def _clear(where: Path, *, keep_best: bool) -> None:
    if not where.is_dir():
        return
    for path in where.iterdir():
        if path.is_file() and (path.suffix in (".pt", ".half")) and not (keep_best and path.name == BEST):
            path.unlink(missing_ok=True)
    if not any(where.iterdir()):
        where.rmdir()
