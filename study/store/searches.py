"""One search of a cell as if it were the cell's only one: its own trials, numbered from 0 without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from study.plan.repeats import search_of_trial
from study.store.trial import TrialRecord


def of_search(trials: Sequence[TrialRecord], search: int, repeats: int) -> Sequence[TrialRecord]:
    """The trials of one of a cell's searches, in order; `trials` are all of the cell's, by number."""
    return trials if repeats == 1 else [renumbered(trial, repeats) for trial in trials[search::repeats]]


def renumbered(trial: TrialRecord, repeats: int) -> TrialRecord:
    """A trial by its number within its search. A sampler and a scheduler see no other number."""
    return trial if repeats == 1 else replace(trial, number=trial.number // repeats)


def by_search(trials: Sequence[TrialRecord], repeats: int) -> list[list[TrialRecord]]:
    """A cell's trials, any of them, by search, as they are."""
    return [[trial for trial in trials if search_of_trial(trial.number, repeats) == one] for one in range(repeats)]
