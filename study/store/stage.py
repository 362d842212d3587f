"""What a stage of a study is, who observes it, and the record of what each stage's result was made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets.base.atomic_files import write_json
from datasets.base.manifest import Manifest
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Count:
    """Pieces of a stage: done, and wanted (None while an earlier stage decides how many)."""

    done: int
    wanted: int | None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.wanted is not None and self.done >= self.wanted


class Observer:
    """Hears what happens in a study. Progress lines and tracking are observers; each overrides what it needs."""

    def on_message(self, text: str) -> None:
        """One line for a person."""

    def on_stage_start(self, stage: str) -> None:
        """A stage begins."""

    def on_stage_end(self, stage: str, seconds: float) -> None:
        """A stage has ended; its result is in the study directory."""

    def on_search_start(self, trials: Sequence[TrialRecord]) -> None:
        """The search begins; `trials` are in the record already."""

    def on_trial(self, trial: TrialRecord) -> None:
        """A trial started, reported an epoch, or ended."""

    def on_search_end(self) -> None:
        """No trial runs any more."""

    def on_piece(self, stage: str, key: str) -> None:
        """One of the countable pieces of a stage is done."""


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """A study, and how it is to be run. `manifests` holds those of all data sets once `prepare` has looked at them."""

    plan: Plan
    directory: StudyDirectory
    observers: tuple[Observer, ...] = ()
    address: str | None = None
    reopen: str | None = None
    manifests: dict[str, Manifest] = field(default_factory=dict)

    def message(self, text: str) -> None:
        """Tell all observers one line."""
        for observer in self.observers:
            observer.on_message(text)

    def trial(self, trial: TrialRecord) -> None:
        """Tell all observers of a trial."""
        for observer in self.observers:
            observer.on_trial(trial)

    def piece(self, stage: str, key: str) -> None:
        """Tell all observers that a piece of a stage is done."""
        for observer in self.observers:
            observer.on_piece(stage, key)


class Stage:
    """One step of a study, from records on disk to records on disk. It alone knows its files.

    `needs` names the stages whose results it reads. `per_machine`: a part of its result lies outside of the study
    directory, so it runs again before whatever needs it. `timed`: its seconds belong to the study's record; those of
    the stages that print that record do not.
    """

    name: str
    needs: tuple[str, ...] = ()
    per_machine: bool = False
    timed: bool = True

    def check(self, context: StageContext) -> None:
        """Look at what can be wrong, before any stage starts. Raises `StudyError`."""

    def run(self, context: StageContext) -> None:
        """Do what is missing; what is done stays. Raises `StudyError`."""
        raise NotImplementedError

    def status(self, context: StageContext) -> Count:
        """How far it is, read from the directory alone: without Ray, torch or a look at the images."""
        raise NotImplementedError

    def fingerprint(self, context: StageContext) -> str:
        """Digest of what its result is made from: the spec's, for the stages before the selection."""
        return context.plan.spec.digest


def record_seconds(directory: StudyDirectory, stage: str, seconds: float) -> None:
    """Add to the time that a stage took in all."""
    content = _progress(directory)
    spent = content.setdefault("seconds", {})
    spent[stage] = round(spent.get(stage, 0.0) + seconds, 1)
    write_json(directory.progress, content)


def record_fingerprint(directory: StudyDirectory, stage: str, fingerprint: str) -> None:
    """Note what a stage's result was made from."""
    write_json(directory.progress, {**_progress(directory), stage: fingerprint})


def recorded_fingerprint(directory: StudyDirectory, stage: str) -> str | None:
    """What a stage's result was made from; None where it was never recorded."""
    return _progress(directory).get(stage)


def _progress(directory: StudyDirectory) -> dict[str, Any]:
    if not directory.progress.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(directory.progress.read_text())
    except json.JSONDecodeError as error:
        raise StudyError(
            f"{directory.progress} is JSON, but does not parse: {error}. Delete it and run again."
        ) from error
    return content
