"""What a scheduler is: which trials of a cell leave their slot after an epoch, and which of them come back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar, Literal

from pydantic import BaseModel

from study.store.trial import TrialRecord


class Decision(Enum):
    """What becomes of a trial after an epoch."""

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"


class Scheduler:
    """The scheduler of one cell: pure functions of the cell's trials. `Arguments` are what a spec may set."""

    Arguments: ClassVar[type[BaseModel]]
    label: ClassVar[str]

    def __init__(
        self, arguments: BaseModel, *, max_epochs: int, objective: str, direction: Literal["maximize", "minimize"]
    ) -> None:
        raise NotImplementedError

    def decide(self, trials: Sequence[TrialRecord], number: int, epoch: int) -> Decision:
        """What becomes of trial `number` after `epoch`, given its cell's trials. Asked again, it answers the same."""
        raise NotImplementedError

    def waits(self, trial: TrialRecord) -> bool:
        """Whether the trial is paused."""
        return False

    def promote(self, trials: Sequence[TrialRecord]) -> int | None:
        """The number of a paused trial that goes on now."""
        return None

    @classmethod
    def describe(cls, arguments: BaseModel) -> str:
        """One line for tables."""
        values = " ".join(f"{name}={value}" for name, value in arguments.model_dump().items())
        return f"{cls.label} {values}"
