"""Asynchronous successive halving (Li et al., MLSys 2020) as a pure function of a cell's record, in two variants.

Stopping: a trial that reports a rung's epoch goes on when its best value so far is among the best 1/eta of those that
reached the rung before it, itself included; otherwise it ends. Only records that had arrived by then count, so asking
again gives the same answer. Promotion: every trial pauses at every rung, and goes on once it is among the best 1/eta of
all that reached it: slower to the top, but no early arrival passes for want of company.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from study.search.schedulers.scheduler import Decision, Scheduler
from study.store.trial import TrialRecord
from study.store.trial_table import Direction, best

PROMOTED = "promoted"  # note on a trial: the last rung that it was promoted from


class AshaArguments(BaseModel):
    """At epochs grace·eta^k only the best 1/eta go on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    eta: int = Field(3, ge=2)
    grace: int = Field(1, ge=1)
    brackets: int = Field(1, ge=1)
    variant: Literal["stopping", "promotion"] = Field(
        "stopping",
        description="stopping ends a trial at a rung for good; promotion pauses it there, keeps its checkpoints "
        "on disk and may go on later. In simulations (docs/benchmarks.md) they do about equally well",
    )


class Asha(Scheduler):
    """The rungs of a cell lie at epochs grace · eta^(bracket + k) below `max_epochs`."""

    Arguments = AshaArguments
    label = "ASHA"

    def __init__(self, arguments: BaseModel, *, max_epochs: int, objective: str, direction: Direction) -> None:
        chosen = AshaArguments.model_validate(arguments.model_dump())
        self.eta, self.grace, self.brackets, self.variant = chosen.eta, chosen.grace, chosen.brackets, chosen.variant
        self.max_epochs, self.objective, self.direction = max_epochs, objective, direction

    def decide(self, trials: Sequence[TrialRecord], number: int, epoch: int) -> Decision:
        """Stopping: out unless among the best at a rung. Promotion: a pause at every rung."""
        if self.stops(trials, number, epoch):
            return Decision.STOP
        return Decision.PAUSE if self.waits(trials[number]) else Decision.CONTINUE

    @classmethod
    def describe(cls, arguments: BaseModel) -> str:
        """As the tables of studies have always said it."""
        chosen = AshaArguments.model_validate(arguments.model_dump())
        return f"asha {chosen.variant} eta={chosen.eta} grace={chosen.grace}"

    def rungs(self, number: int) -> list[int]:
        """The epochs at which trial `number` may be stopped."""
        epoch, found = self.grace * self.eta ** self.bracket(number), []
        while epoch < self.max_epochs:
            found.append(epoch)
            epoch *= self.eta
        return found

    def bracket(self, number: int) -> int:
        """The bracket of trial `number`: of every 1 + eta + … + eta^(brackets-1) trials in a row the last ones go to
        the later brackets, eta times fewer to each. It depends on the number alone, hence is the same for all cells."""
        shares = [self.eta ** (self.brackets - 1 - index) for index in range(self.brackets)]
        place = number % sum(shares)
        for index, share in enumerate(shares):
            if place < share:
                return index
            place -= share
        raise AssertionError("shares add up to more than any place")

    def stops(self, trials: Sequence[TrialRecord], number: int, epoch: int) -> bool:
        """Whether trial `number` is stopped after `epoch`, given its cell's trials.

        Until eta trials have reached a rung none is stopped there: nothing stopped ever comes back, and the best
        third of two is nobody.
        """
        if self.variant == "promotion" or epoch not in self.rungs(number):
            return False
        bracket = self.bracket(number)
        own = next(record for record in trials[number].epochs if record.epoch == epoch)
        here = [
            self._value(trial, epoch)
            for trial in trials
            if self.bracket(trial.number) == bracket
            and any(record.epoch == epoch and record.order <= own.order for record in trial.epochs)
        ]
        if len(here) < self.eta:
            return False
        mine = self._value(trials[number], epoch)
        better = sum(value > mine if self.direction == "maximize" else value < mine for value in here)
        return better >= max(1, len(here) // self.eta)

    def pauses(self, number: int, epoch: int) -> bool:
        """Whether trial `number` waits after `epoch` for its promotion."""
        return self.variant == "promotion" and epoch in self.rungs(number)

    def waits(self, trial: TrialRecord) -> bool:
        """Whether the trial waits at a rung: it has reached one and was not promoted from it."""
        if trial.state != "RUNNING" or not trial.epochs or trial.extra.get(PROMOTED) == str(trial.epochs[-1].epoch):
            return False
        return self.pauses(trial.number, trial.epochs[-1].epoch)

    def promote(self, trials: Sequence[TrialRecord]) -> int | None:
        """The number of a paused trial that goes on now, the highest rung first."""
        if self.variant == "stopping":
            return None
        for bracket in range(self.brackets):
            members = [trial for trial in trials if self.bracket(trial.number) == bracket and trial.state != "FAIL"]
            for rung in reversed(self.rungs(members[0].number) if members else []):
                here = [trial for trial in members if len(trial.epochs) >= rung]
                here.sort(key=lambda trial: self._value(trial, rung), reverse=self.direction == "maximize")
                for trial in here[: len(here) // self.eta]:
                    if len(trial.epochs) == rung and self.waits(trial):
                        return trial.number
        return None

    def _value(self, trial: TrialRecord, epoch: int) -> float:
        return best(
            (record.metrics[self.objective] for record in trial.epochs if record.epoch <= epoch), self.direction
        )
