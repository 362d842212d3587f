"""The cheapest configuration within one standard error of the best."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.base.errors import StudyError
from study.preparation.validation_size import ValidationSize
from study.selection.rules.best import BEST
from study.selection.rules.rule import SelectionRule, cost, score
from study.spec.search_section import Select
from study.store.trial import TrialRecord


class OneStandardError(SelectionRule):
    """The cheapest configuration (fewest images seen up to its best epoch) within one standard error of the best
    validation AUC (Hanley and McNeil 1982): differences below the error of measurement do not decide.

    Of more than two classes the AUC is a mean over classes, and the error taken for it is that of the rarest class: no
    smaller than that of the mean, so that more trials count as near the best."""

    def check(self, select: Select, objective: str) -> None:
        """The error is that of an AUC, so that trials are searched by one."""
        super().check(select, objective)
        if objective != "val_auc":
            raise StudyError(
                f"select.rule one_standard_error needs search.objective val_auc, got {objective!r}. Choose another "
                "rule or objective."
            )

    def order(self, trials: Sequence[TrialRecord], objective: str, size: ValidationSize) -> list[TrialRecord]:
        """The trials within one standard error, cheapest first, then the rest by value."""
        ranked = BEST.order(trials, objective, size)
        best = score(ranked[0], objective)
        floor = best - hanley_mcneil(best, size)
        near = [trial for trial in ranked if score(trial, objective) >= floor]
        return sorted(near, key=lambda trial: (cost(trial, objective), trial.number)) + ranked[len(near) :]

    def contenders(self, trials: Sequence[TrialRecord], objective: str, k: int) -> set[int]:
        """The cheapest near the best may change with the best: a trial stays until a cheaper one equals its value."""
        return {trial.number for trial in trials if not any(_beats(other, trial, objective) for other in trials)}


def hanley_mcneil(auc: float, size: ValidationSize) -> float:
    """Standard error of an AUC from the numbers of positives and negatives (Hanley and McNeil, Radiology 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (size.positives - 1) * (q1 - auc * auc) + (size.negatives - 1) * (q2 - auc * auc)
    return math.sqrt(max(variance, 0.0) / (size.positives * size.negatives))


def _beats(one: TrialRecord, other: TrialRecord, objective: str) -> bool:
    """Whether `one` comes before `other` by cost and is at least as good: `other` never wins then."""
    first, second = ((cost(trial, objective), trial.number) for trial in (one, other))
    return first < second and score(one, objective) >= score(other, objective)


RULE = OneStandardError()
