"""What a sampler is: parameters of a cell's next trial, as a pure function of the cell's trials so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.store.trial import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a sampler may look at: the cell's space and trials, and seeds. The trial asked for is `number`, from 0."""

    cell: str
    space: SearchSpace
    trials: Sequence[TrialRecord]
    number: int
    study_seed: int
    direction: Literal["maximize", "minimize"]


class Sampler:
    """A sampler by name. `arguments` are all settings that decide what it samples; they are recorded with the study.

    `shares_design`: the first trials come from the study's shared design. `learns`: it needs a trial with a value, so
    points are random until there is one.
    """

    shares_design: bool = True
    learns: bool = False
    arguments: ClassVar[Mapping[str, object]] = {}

    def suggest(self, request: Request) -> dict[str, Value]:
        """The parameters of the next trial."""
        raise NotImplementedError

    def points(self, space: SearchSpace) -> int | None:
        """How many different trials there are; None: no limit."""
        return None
