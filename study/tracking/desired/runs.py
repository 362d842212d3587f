"""An MLflow run as plain data: built from the study directory, without MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["study", "cell", "trial", "replicate", "evaluation"]
Context = Literal["train", "validation", "test"]
Status = Literal["RUNNING", "FINISHED", "FAILED"]
STUDY = "study"


@dataclass(frozen=True)
class Point:
    """One value of a metric; `at` in Unix seconds."""

    key: str
    value: float
    step: int
    at: float


@dataclass(frozen=True, kw_only=True)
class Input:
    """A data set that a run used, and for what (`context`). `profile`: its counts (JSON)."""

    name: str
    digest: str
    context: Context
    source: str
    profile: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model to log: the file `checkpoint`, its `name`, and its name in the model registry (`registered`).
    `tags`: the settings behind its scores in the prediction tables; `outputs`: their columns. `trial`: key of the run
    of the trial that its configuration comes from."""

    checkpoint: Path
    digest: str
    name: str
    registered: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    image_size: int
    short_side: int
    copies: int
    outputs: tuple[str, ...]
    trial: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run under its key. `points` are only appended to; `values` are summaries that may change, the last one counts.
    `scored_by`: the key of the run whose model gave the values, on the data set `scored_on`."""

    key: str
    parent: str | None
    kind: Kind
    name: str
    started: float
    ended: float | None
    status: Status
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    files: tuple[tuple[Path, str], ...] = ()
    model: Model | None = None
    scored_by: str = ""
    scored_on: Input | None = None


def cell_key(cell: str) -> str:
    """Key of a cell's run."""
    return f"cell/{cell}"


def trial_key(cell: str, number: int) -> str:
    """Key of a trial's run."""
    return f"trial/{cell}/{number}"


def replicate_key(cell: str, rank: int, pair: int) -> str:
    """Key of a replicate's run."""
    return f"replicate/{cell}/{rank}-{pair}"


def evaluation_key(dataset: str, cell: str, rank: int, pair: int) -> str:
    """Key of an evaluation's run."""
    return f"evaluation/{cell}/{rank}-{pair}/{dataset}"


def text(value: object) -> str:
    """A parameter as MLflow shows and finds it: `0.1`, `simclr:ft`, `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
