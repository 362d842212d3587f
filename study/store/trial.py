"""Typed records that stages hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datasets.base.atomic_files import text_digest
from search_spaces.domains import Value

State = Literal["WAITING", "RUNNING", "COMPLETE", "PRUNED", "FAIL"]
Origin = Literal["shared", "sampler"]


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """What a trial reported after one epoch (1-based). `order` counts a cell's epoch records as they arrived, from 0:
    what the scheduler knew when it decided."""

    epoch: int
    metrics: Mapping[str, float]
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial as the Optuna storage knows it. `number` counts within the cell, from 0; `value` is the best value
    of the objective so far (null before the first epoch); `origin` tells shared design points from the sampler's;
    `digest` is the digest of `content` when the trial ended (empty before, and where an older version ended it)."""

    cell: str
    number: int
    state: State
    params: Mapping[str, Value]
    value: float | None
    epochs: tuple[EpochRecord, ...] = ()
    origin: Origin = "sampler"
    attempts: int = 1
    seconds: float = 0.0
    reason: str = ""
    seed: int = 0
    started: float | None = None
    ended: float | None = None
    host: str = ""
    device: str = ""
    digest: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the trial has used up its share of the budget."""
        return self.state in ("COMPLETE", "PRUNED", "FAIL")

    @property
    def content(self) -> list[Any]:
        """Everything about a trial that a selection can rest on."""
        epochs = [[record.epoch, dict(record.metrics)] for record in self.epochs]
        return [self.cell, self.number, self.state, self.value, dict(self.params), self.origin, self.seed, epochs]

    @property
    def altered(self) -> bool:
        """Whether it ended as another one than it is now."""
        return self.finished and self.digest not in ("", text_digest(self.content))
