"""By the best mean over three neighbouring epochs: one lucky epoch does not win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from study.preparation.validation_size import ValidationSize
from study.selection.rules.rule import SelectionRule, signed
from study.store.trial import TrialRecord


@dataclass(frozen=True)
class BestSmoothed(SelectionRule):
    """By the best mean over three neighbouring epochs: one lucky epoch does not win.

    Fewer epochs are no mean over three: a trial that was stopped after one or two wins only where no longer one ended.
    """

    window: int = 3

    def order(self, trials: Sequence[TrialRecord], objective: str, size: ValidationSize) -> list[TrialRecord]:
        """Trials of three epochs or more, best smoothed value first; then those of two, then those of one. The earlier
        trial wins a tie."""
        return sorted(
            trials,
            key=lambda trial: (
                -min(self.window, len(trial.epochs)),
                -self._smoothed(trial, objective),
                trial.number,
            ),
        )

    def _smoothed(self, trial: TrialRecord, objective: str) -> float:
        values = [signed(epoch.metrics[objective], objective) for epoch in trial.epochs]
        width = min(self.window, len(values))
        return max(fmean(values[start : start + width]) for start in range(len(values) - width + 1))


RULE = BestSmoothed()
