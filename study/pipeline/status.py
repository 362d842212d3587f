"""How far a study is: read from its directory alone, without Ray, torch or a look at the images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.base.atomic_files import write_json
from study.analysis import compare_stage
from study.base.errors import StudyError
from study.evaluation import evaluate
from study.plan.cells import Plan
from study.search import read_trials
from study.search.budget import Budget
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.training.jobs import job_digest, replicate_job
from study.training.replicates import is_done, pairs


@dataclass(frozen=True, kw_only=True)
class Count:
    """Pieces of a stage: done, and wanted (None while an earlier stage decides how many)."""

    done: int
    wanted: int | None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.wanted is not None and self.done >= self.wanted


def searched(plan: Plan, trials: list[TrialRecord]) -> Count:
    """Finished trials against planned ones; a cell whose cap is reached wants no more than it has."""
    search = plan.spec.search
    wanted = done = 0
    for cell in plan.cells:
        own = [trial for trial in trials if trial.cell == cell.key]
        budget = Budget(trials=cell.trials, epochs=search.epochs_per_cell, seconds=search.seconds_per_cell)
        wanted += cell.trials if budget.open(own) else len(own)
        done += sum(trial.finished for trial in own)
    return Count(done=done, wanted=wanted)


def counts(plan: Plan, directory: StudyDirectory) -> dict[str, Count]:
    """How far every stage is, in the order of the line."""
    trials = read_trials(directory.storage_url, plan.spec.study) if (directory.root / "trials.db").exists() else []
    found = {"prepare": Count(done=int(directory.audit.is_file()), wanted=1), "search": searched(plan, trials)}
    frozen = _frozen(directory)
    current_choice = frozen is not None and frozen.spec_digest == plan.spec.digest  # else the study was extended since
    found["select"] = Count(done=int(current_choice), wanted=1)
    if frozen is None or not current_choice:
        return found | {name: Count(done=0, wanted=None) for name in ("replicate", "evaluate", "compare", "report")}
    wanted = pairs(plan, frozen)
    jobs = [replicate_job(plan, directory, winner, pair) for winner, pair in wanted]
    trained = sum(is_done(Path(job.directory), job_digest(job)) for job in jobs)
    tables = evaluate.tables_wanted(plan, directory)
    scored = sum(path.exists() and path.with_suffix(".json").exists() for path in tables)
    found["replicate"] = Count(done=trained, wanted=len(wanted))
    panels = int((directory.panels / "panels.json").is_file())
    found["evaluate"] = Count(done=scored + panels, wanted=len(tables) + 1)
    current = compare_stage.fingerprint(plan, directory) if scored == len(tables) else ""
    for name, output in (("compare", directory.comparison / "context.json"), ("report", directory.report)):
        fresh = output.is_file() and bool(current) and _progress(directory).get(name) == current
        found[name] = Count(done=int(fresh), wanted=1)
    return found


def remember(
    directory: StudyDirectory, name: str, *, seconds: float | None = None, made_from: str | None = None
) -> None:
    """Note how long a stage took in all, and what its output was made from."""
    content = _progress(directory)
    if seconds is not None:
        spent = content.setdefault("seconds", {})
        spent[name] = round(spent.get(name, 0.0) + seconds, 1)
    if made_from is not None:
        content[name] = made_from
    write_json(directory.progress, content)


def _frozen(directory: StudyDirectory) -> selection_record.Selection | None:
    return selection_record.load(directory) if directory.selection.exists() else None


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
