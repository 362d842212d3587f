"""Typed records that stages hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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
    of the objective so far (null before the first epoch); `origin` tells shared design points from the sampler's."""

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
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the trial has used up its share of the budget."""
        return self.state in ("COMPLETE", "PRUNED", "FAIL")
