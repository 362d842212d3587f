"""`context.json`: the headline facts of a study that no comparison table holds. Every one of them is optional.

Who writes the file may use these models: `Context(...).model_dump_json(indent=1)`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from study.report.formatting import listing


class ReportError(ValueError):
    """Input that the report cannot read. The message says the rule, the value received and the next action."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Accepted(_Fact):
    """A broken rule or a leak that the authors stand by."""

    what: str
    reason: str
    message: str = ""


class Finding(_Fact):
    """One finding of the leakage audit; `accepted` gives the spec's reason where there is one."""

    key: str
    message: str = ""
    count: int | None = None
    severity: str = ""
    accepted: str | None = None


class TestRead(_Fact):
    """One line of the test log: labels were read, or a selection was reopened after they had been."""

    event: str = "read"
    time: str = ""
    dataset: str = ""
    images: int | None = None
    selection: str = ""
    purpose: str = ""
    reason: str = ""
    becomes: str = ""
    changed: tuple[str, ...] = ()


class Seal(_Fact):
    """The sealed protocol: `late` where test labels had been read before it was sealed; `code` then and now."""

    digest: str = ""
    time: str = ""
    late: bool = False
    code: str = ""
    code_now: str = ""
    metrics_added: tuple[str, ...] = ()


class Part(_Fact):
    """What one fraction trains and validates on, and tests in distribution: images and positives of each part (null
    for more than two classes)."""

    fraction: float
    part: str
    images: int
    positives: int | None


class DataSet(_Fact):
    """A data set as used: `role` is train, validation, test or pool; `notes` say what is partial or skipped, `left_out`
    how many images carry no label of the task or are in no part."""

    name: str
    role: str = ""
    source: str = ""
    images: int | None = None
    positives: int | None = None
    lesions: int | None = None
    patients: int | None = None
    lesions_known: int | None = None
    patients_known: int | None = None
    left_out: int = 0
    parts: tuple[Part, ...] = ()
    classes: tuple[str, ...] = ()
    digest: str = ""
    notes: tuple[str, ...] = ()


class EncoderFact(_Fact):
    """What a method begins with: `overlap` says whether test images can be among what it was pre-trained on; `ships`:
    a small encoder that ships with the code."""

    method: str
    encoder: str
    backbone: str = ""
    image_size: int | None = None
    pretrained_on: str = ""
    licence: str = ""
    overlap: str = ""
    ships: bool = False


class Budget(_Fact):
    """What every cell was given; `repeats`: independent searches that share its trials; `direction`: of the objective,
    `maximize` or `minimize`."""

    trials: int | None = None
    repeats: int = 1
    max_epochs: int | None = None
    shared_design: int | None = None
    sampler: str = ""
    scheduler: str = ""
    objective: str = ""
    direction: str = "maximize"

    @property
    def less_is_better(self) -> bool:
        """Of the objective, e.g. a loss."""
        return self.direction == "minimize"


class Winner(_Fact):
    """A selected configuration; rank 0 is the first."""

    cell: str
    search: int = 0
    rank: int = 0
    trial: int | None = None
    value: float | None = None
    params: dict[str, Any] = {}


class Selection(_Fact):
    """The frozen selection."""

    digest: str = ""
    time: str = ""
    rule: str = ""
    winners: tuple[Winner, ...] = ()


class Context(_Fact):
    """Everything the report says beside the tables. `durations` are seconds by stage, `sources` digests by file."""

    study: str = ""
    question: str = ""
    spec_digest: str = ""
    baseline: str | None = None
    methods: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    backbone: str = ""
    image_size: int | None = None
    metric: str = "auroc"
    margin: float | None = None
    seed: int | None = None
    in_distribution: str | None = None
    budget: Budget = Budget()
    replicates: int | None = None
    top_k: int | None = None
    copies: int | None = None
    plain: tuple[str, ...] = ()
    """Methods whose scores are those of the plain view, on which they were trained."""
    selection: Selection = Selection()
    unfair: tuple[Accepted, ...] = ()
    leaks: tuple[Accepted, ...] = ()
    audit: tuple[Finding, ...] = ()
    audited: bool | None = None
    test_reads: tuple[TestRead, ...] = ()
    protocol: Seal | None = None
    datasets: tuple[DataSet, ...] = ()
    encoders: tuple[EncoderFact, ...] = ()
    durations: dict[str, float] = {}
    sources: dict[str, str] = {}
    precision: str = ""
    versions: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    written: str = ""

    @property
    def scored_on(self) -> str:
        """The views that scores are means over, in words; empty where that is not known."""
        plain = f" (of {listing(list(self.plain))}: the plain view)" if self.plain else ""
        return f"{self.copies} augmented copies{plain}" if self.copies else ""

    @property
    def deviations(self) -> list[str]:
        """Where the study left its sealed protocol, one sentence each; they stand at the top of the report."""
        found = [
            f"{read.time[:16].replace('T', ' ')}: {', '.join(read.changed) or 'the selection'} changed after test "
            f"labels had been read. Reason given: “{read.reason}”"
            for read in self.test_reads
            if read.event == "reopened"
        ]
        if self.protocol is not None and self.protocol.late:
            found.append(
                "The protocol was sealed after test labels had been read: the study began under a version that sealed "
                "none. What was changed before is not known."
            )
        if self.protocol is not None and self.protocol.metrics_added:
            found.append(f"Metrics added after the seal: {', '.join(self.protocol.metrics_added)}.")
        return found


def read_context(path: Path) -> Context:
    """The facts in `path`; all unknown when there is no such file. Raises `ReportError` for a malformed one."""
    if not path.is_file():
        return Context()
    try:
        return Context.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, json.JSONDecodeError) as error:
        raise ReportError(
            f"{path}: a context is a JSON object as study.report.inputs.context.Context describes, but: {error}. "
            "Run `study compare` again."
        ) from error
