"""What a selection rule is: an order of a cell's trials that sees validation results and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from study.base.errors import StudyError
from study.preparation.validation_size import ValidationSize
from study.spec.search_section import Select
from study.store.trial import TrialRecord
from trainables.training.objectives import OBJECTIVES


class SelectionRule:
    """A rule by name. `many`: it takes the first k of its order; other rules take one."""

    many: bool = False

    def check(self, select: Select, objective: str) -> None:
        """Whether a study may name the rule so. Raises `StudyError` where it takes one winner and `k` asks for more."""
        if select.k != 1 and not self.many:
            raise StudyError(
                f"select.k counts winners of rule top_k, got rule {select.rule!r} with k = {select.k}. Use top_k."
            )

    def order(self, trials: Sequence[TrialRecord], objective: str, size: ValidationSize) -> list[TrialRecord]:
        """The trials that may win, best first; each has reported at least one epoch. Raises `StudyError`."""
        raise NotImplementedError

    def contenders(self, trials: Sequence[TrialRecord], objective: str, k: int) -> set[int]:
        """Numbers of the ended trials that may still win their cell, whatever the others will report.

        By most rules that is the first k so far: nobody who is overtaken comes back.
        """
        nobody = ValidationSize(positives=1, negatives=1)
        return {trial.number for trial in self.order(trials, objective, nobody)[:k]}


def signed(value: float, objective: str) -> float:
    """A value turned so that larger is better."""
    return value if OBJECTIVES.get(objective).maximize else -value


def score(trial: TrialRecord, objective: str) -> float:
    """The best validation value of any epoch, turned so that larger is better."""
    return max(signed(epoch.metrics[objective], objective) for epoch in trial.epochs)


def cost(trial: TrialRecord, objective: str) -> float:
    """Images that the configuration has seen by its best epoch, its contrastive stage included, whoever computed it."""
    best = max(trial.epochs, key=lambda epoch: signed(epoch.metrics[objective], objective))
    return best.metrics.get("images", float(best.epoch)) + best.metrics.get("stage_images", 0.0)
