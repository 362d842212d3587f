"""`search` and `select`: how every cell is tuned, and which of its configurations win."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from study.spec.choices import SAMPLERS, SCHEDULERS, SELECTION_RULES
from study.spec.section import Section, known
from trainables.training.objectives import OBJECTIVES


class Scheduler(Section):
    """A scheduler by its name with its arguments, e.g. `asha: {eta: 3, grace: 1}`, or `none`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    asha: Mapping[str, Any] | None = Field(None, description="asynchronous successive halving (Li et al. 2020)")

    @model_validator(mode="before")
    @classmethod
    def _one_scheduler(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        chosen = {str(name): arguments for name, arguments in value.items() if arguments is not None}
        if len(chosen) > 1:
            raise ValueError(f"A study has one scheduler, got {', '.join(sorted(chosen))}. Keep one.")
        for name, arguments in chosen.items():
            known(name, SCHEDULERS, "scheduler")
            chosen[name] = SCHEDULERS.get(name).Arguments.model_validate(arguments).model_dump(mode="json")
        return chosen

    @property
    def name(self) -> str | None:
        """The scheduler's name; None: no trial is stopped early."""
        return next((name for name, arguments in self.model_dump().items() if arguments is not None), None)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Its arguments, those that the spec leaves out by their defaults."""
        return {} if self.name is None else self.model_dump()[self.name]

    @property
    def description(self) -> str:
        """One line for tables."""
        if self.name is None:
            return "none"
        kind = SCHEDULERS.get(self.name)
        return kind.describe(kind.Arguments.model_validate(self.arguments))


class Search(Section):
    """How every cell is tuned. The same for all of them: that is the point."""

    sampler: Annotated[str, AfterValidator(lambda name: known(name, SAMPLERS, "sampler"))] = Field(
        "tpe", description="proposes configurations after the shared design"
    )
    shared_design: int = Field(8, ge=0, description="first trials: one scrambled Sobol design, the same for all cells")
    trials: int = Field(32, ge=1, description="a cell")
    repeats: int = Field(
        1,
        ge=1,
        description="independent searches a cell, which share its trials; replicates take their winners in turn",
    )
    max_epochs: int = Field(100, ge=1, description="ceiling of every trial's fine-tuning")
    scheduler: Annotated[Scheduler, BeforeValidator(lambda v: {} if v in ("none", None) else v)] = Field(
        Scheduler(), description="stops trials early; each cell has its own"
    )
    objective: Annotated[str, AfterValidator(lambda name: known(name, OBJECTIVES, "objective"))] = Field(
        "val_auc", description="validation measure that is searched and selected by"
    )
    spaces: Mapping[str, str | Mapping[str, Any]] = Field(
        default_factory=dict, description="pipeline or method name -> YAML file of a space, or overrides of its own"
    )
    epochs_per_cell: int | None = Field(None, ge=1, description="cap on the epochs that one cell may spend")
    seconds_per_cell: float | None = Field(
        None,
        gt=0,
        description="cap on the device-seconds that one cell may spend; those count in which a trial waits for a stage "
        "or for features that another trial computes",
    )

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the objective is better."""
        return OBJECTIVES.get(self.objective).direction


class Select(Section):
    """Which configurations of a cell win: a named rule over validation results."""

    rule: Annotated[str, AfterValidator(lambda name: known(name, SELECTION_RULES, "selection rule"))] = Field(
        "best", description="how winners are chosen"
    )
    k: int = Field(1, ge=1, description="winners a cell")
