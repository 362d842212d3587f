"""By the best validation value of any epoch (that epoch's checkpoint is what is kept)."""

from __future__ import annotations

from collections.abc import Sequence

from study.preparation.validation_size import ValidationSize
from study.selection.rules.rule import SelectionRule, score
from study.store.trial import TrialRecord


class Best(SelectionRule):
    """The best value of any epoch."""

    def order(self, trials: Sequence[TrialRecord], objective: str, size: ValidationSize) -> list[TrialRecord]:
        """Best value first; the earlier trial wins a tie."""
        return sorted(trials, key=lambda trial: (-score(trial, objective), trial.number))


class TopK(Best):
    """The k best."""

    many = True


BEST, TOP_K = Best(), TopK()
