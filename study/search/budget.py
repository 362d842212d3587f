"""What a cell has spent and what it may still spend: pure functions of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from study.store.trial import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A cell's budget: trials, and optional caps on all its epochs and all its device-seconds together."""

    trials: int
    epochs: int | None = None
    seconds: float | None = None

    def share(self, trials: Sequence[TrialRecord]) -> float:
        """Share of the budget that is spent or handed out: the largest share of any of its parts."""
        shares = [len(trials) / self.trials]
        if self.epochs is not None:
            shares.append(sum(len(trial.epochs) for trial in trials) / self.epochs)
        if self.seconds is not None:
            shares.append(sum(trial.seconds for trial in trials) / self.seconds)
        return max(shares)

    def capped(self, trials: Sequence[TrialRecord]) -> str | None:
        """Which cap is reached, in words: nothing goes on in this cell. None while none is."""
        if self.epochs is not None and sum(len(trial.epochs) for trial in trials) >= self.epochs:
            return f"the cell's {self.epochs} epochs are spent"
        if self.seconds is not None and sum(trial.seconds for trial in trials) >= self.seconds:
            return f"the cell's {self.seconds:g} device-seconds are spent"
        return None

    def open(self, trials: Sequence[TrialRecord]) -> bool:
        """Whether another trial may start."""
        return len(trials) < self.trials and self.capped(trials) is None
