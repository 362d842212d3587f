"""Selection: which configurations of a cell win, by named rules that read validation results alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.preparation.validation_size import ValidationSize
from study.spec.model import Select
from study.store.trial import TrialRecord


class SelectionRule(Protocol):
    """Orders a cell's trials, the winner first. It sees validation results and nothing else."""

    def order(self, trials: Sequence[TrialRecord], objective: str) -> list[TrialRecord]:
        """The trials that may win, best first."""


@dataclass(frozen=True)
class Best:
    """By the best validation value of any epoch (that epoch's checkpoint is what is kept)."""

    def order(self, trials: Sequence[TrialRecord], objective: str) -> list[TrialRecord]:
        """Best value first; the earlier trial wins a tie."""
        return sorted(trials, key=lambda trial: (-score(trial, objective), trial.number))


@dataclass(frozen=True)
class BestSmoothed:
    """By the best mean over three neighbouring epochs: one lucky epoch does not win."""

    window: int = 3

    def order(self, trials: Sequence[TrialRecord], objective: str) -> list[TrialRecord]:
        """Best smoothed value first; the earlier trial wins a tie."""
        return sorted(trials, key=lambda trial: (-self._smoothed(trial, objective), trial.number))

    def _smoothed(self, trial: TrialRecord, objective: str) -> float:
        values = [_signed(epoch.metrics[objective], objective) for epoch in trial.epochs]
        width = min(self.window, len(values))
        return max(fmean(values[start : start + width]) for start in range(len(values) - width + 1))


@dataclass(frozen=True)
class OneStandardError:
    """The cheapest configuration (fewest images seen up to its best epoch) within one standard error of the best
    validation AUC (Hanley and McNeil 1982): differences below the error of measurement do not decide."""

    size: ValidationSize

    def order(self, trials: Sequence[TrialRecord], objective: str) -> list[TrialRecord]:
        """The trials within one standard error, cheapest first, then the rest by value."""
        if objective != "val_auc":
            raise StudyError(
                "select.rule one_standard_error needs objective val_auc. Choose another rule or objective."
            )
        ranked = Best().order(trials, objective)
        best = score(ranked[0], objective)
        floor = best - hanley_mcneil(best, self.size)
        near = [trial for trial in ranked if score(trial, objective) >= floor]
        return sorted(near, key=lambda trial: (cost(trial, objective), trial.number)) + ranked[len(near) :]


def hanley_mcneil(auc: float, size: ValidationSize) -> float:
    """Standard error of an AUC from the numbers of positives and negatives (Hanley and McNeil, Radiology 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (size.positives - 1) * (q1 - auc * auc) + (size.negatives - 1) * (q2 - auc * auc)
    return math.sqrt(max(variance, 0.0) / (size.positives * size.negatives))


def rule(select: Select, size: ValidationSize) -> SelectionRule:
    """The rule that a spec names."""
    if select.rule != "top_k" and select.k != 1:
        raise StudyError(
            f"select.k counts winners of rule top_k, got rule {select.rule!r} with k = {select.k}. Use top_k."
        )
    if select.rule == "best_smoothed":
        return BestSmoothed()
    return OneStandardError(size) if select.rule == "one_standard_error" else Best()


def winners(plan: Plan, trials: Sequence[TrialRecord], size: ValidationSize) -> dict[str, list[TrialRecord]]:
    """The winners of every cell, best first. Raises `StudyError` when a cell has too few trials that can win."""
    chosen = rule(plan.spec.select, size)
    found: dict[str, list[TrialRecord]] = {}
    for cell in plan.cells:
        able = [t for t in trials if t.cell == cell.key and t.state in ("COMPLETE", "PRUNED") and t.epochs]
        if len(able) < plan.spec.select.k:
            raise StudyError(
                f"Cell {cell.key} needs {plan.spec.select.k} trials with a validation value to select from, got "
                f"{len(able)}. See `study status` for why the others failed; raise search.trials and run again."
            )
        found[cell.key] = chosen.order(able, plan.spec.search.objective)[: plan.spec.select.k]
    return found


def _signed(value: float, objective: str) -> float:
    return -value if objective == "val_loss" else value


def score(trial: TrialRecord, objective: str) -> float:
    """The best validation value of any epoch, turned so that larger is better."""
    return max(_signed(epoch.metrics[objective], objective) for epoch in trial.epochs)


def cost(trial: TrialRecord, objective: str) -> float:
    """Images that the configuration has seen by its best epoch, its contrastive stage included, whoever computed it."""
    best = max(trial.epochs, key=lambda epoch: _signed(epoch.metrics[objective], objective))
    return best.metrics.get("images", float(best.epoch)) + best.metrics.get("stage_images", 0.0)
