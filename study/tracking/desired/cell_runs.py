"""The runs of a cell and of the whole study: summaries, so that MLflow's table shows the result by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from study.plan.cells import Cell, Plan
from study.search.samplers.designs import sampler_arguments
from study.store import read_log
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.tracking.desired.descriptions import cell_description, study_description
from study.tracking.desired.runs import STUDY, Input, Point, Run, cell_key, text
from study.tracking.desired.trial_runs import parameters


def cell_run(
    plan: Plan,
    cell: Cell,
    trials: Sequence[TrialRecord],
    *,
    searched: bool,
    began: float,
    values: Mapping[str, float],
    tags: Mapping[str, str],
    inputs: tuple[Input, ...],
) -> Run:
    """The run of a cell: its budget by trials ended, and its results."""
    objective, maximise = plan.spec.search.objective, plan.spec.search.direction == "maximize"
    done = searched or sum(trial.finished for trial in trials) >= cell.trials
    return Run(
        key=cell_key(cell.key),
        parent=STUDY,
        kind="cell",
        name=cell.title,
        started=min((trial.started for trial in trials if trial.started), default=began),
        ended=max((trial.ended for trial in trials if trial.ended), default=began) if done else None,
        status="FINISHED" if done else "RUNNING",
        params=parameters(plan, cell, {}) | {"trials": text(cell.trials), "max_epochs": text(cell.max_epochs)},
        tags={**tags, "mlflow.note.content": cell_description(plan, cell, trials)},
        points=budget_points(trials, objective=objective, maximise=maximise),
        values=values,
        inputs=inputs,
    )


def study_run(
    plan: Plan,
    directory: StudyDirectory,
    trials: Sequence[TrialRecord],
    *,
    began: float,
    tags: Mapping[str, str],
    inputs: tuple[Input, ...],
    files: tuple[tuple[Path, str], ...],
) -> Run:
    """The run at the root of a study."""
    spec = plan.spec
    ended = directory.report.stat().st_mtime if directory.report.exists() else None
    return Run(
        key=STUDY,
        parent=None,
        kind="study",
        name=spec.study,
        started=began,
        ended=ended,
        status="RUNNING" if ended is None else "FINISHED",
        params={
            "study": spec.study,
            "methods": ", ".join(method.name for method in spec.methods),
            "baseline": spec.methods[0].name,
            "fractions": ", ".join(text(fraction) for fraction in spec.train.fractions),
            "backbone": ", ".join(dict.fromkeys(cell.backbone for cell in plan.cells)),
            "image_size": ", ".join(dict.fromkeys(text(cell.image_size) for cell in plan.cells)),
            "train": spec.train.source,
            "tests": ", ".join(test.name for test in spec.tests),
            "sampler": spec.search.sampler,
            "sampler_arguments": sampler_arguments(spec.search),
            "objective": spec.search.objective,
            "trials": text(plan.trials),
            **({"repeats": text(spec.search.repeats)} if spec.search.repeats > 1 else {}),
            "max_epochs": text(spec.search.max_epochs),
            "pairs": text(spec.replicate.pairs),
            "copies": text(spec.evaluate.copies),
            **_protocols(directory),
        },
        tags={**tags, "mlflow.note.content": study_description(plan, files)},
        points=budget_points(trials),
        inputs=inputs,
        files=files,
    )


def _protocols(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every protocol that was sealed. MLflow refuses to change a parameter: one forged later shows."""
    digests = [str(event["protocol"]) for event in read_log.events(directory, "sealed")]
    return {f"protocol_{number}": digest for number, digest in enumerate(digests, start=1)}


def budget_points(trials: Sequence[TrialRecord], *, objective: str = "", maximise: bool = True) -> tuple[Point, ...]:
    """The budget spent after each trial that ended, and with `objective` the best value so far. Steps count the trials
    from 1."""
    ended = [trial for trial in trials if trial.finished]
    count = {"COMPLETE": 0, "PRUNED": 0, "FAIL": 0}
    epochs, seconds, best = 0, 0.0, -math.inf if maximise else math.inf
    points: list[Point] = []
    for step, trial in enumerate(sorted(ended, key=lambda trial: (trial.ended or 0.0, trial.cell, trial.number)), 1):
        count[trial.state] += 1
        epochs, seconds = epochs + len(trial.epochs), seconds + trial.seconds
        values = {
            "trials_complete": count["COMPLETE"],
            "trials_pruned": count["PRUNED"],
            "trials_failed": count["FAIL"],
            "epochs": epochs,
            "device_seconds": seconds,
        }
        if objective and trial.value is not None:
            best = (max if maximise else min)(best, trial.value)
        if objective and math.isfinite(best):
            values[f"best_{objective}"] = best
        points += [Point(name, float(value), step, trial.ended or 0.0) for name, value in values.items()]
    return tuple(points)
