"""The run of a trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from study.plan.cells import Cell, Plan
from study.plan.repeats import search_of_trial
from study.store.trial import EpochRecord, TrialRecord
from study.tracking.desired.runs import Input, Point, Run, Status, cell_key, text, trial_key

# A trial that ASHA stopped is not a failure: it is FINISHED in MLflow, and the tag `state` says PRUNED.
STATUS: Mapping[str, Status] = {"COMPLETE": "FINISHED", "PRUNED": "FINISHED", "FAIL": "FAILED"}


def trial_run(plan: Plan, record: TrialRecord, *, inputs: tuple[Input, ...], tags: Mapping[str, str], rank: str) -> Run:
    """The run of a trial. `tags`: those of all runs of its session; `rank`: its rank among the winners, or empty."""
    cell = plan.cell(record.cell)
    spec = plan.spec
    began = record.started or 0.0
    return Run(
        key=trial_key(record.cell, record.number),
        parent=cell_key(record.cell),
        kind="trial",
        name=f"{cell.title} · #{record.number:02d}",
        started=began,
        ended=record.ended if record.finished else None,
        status=STATUS.get(record.state, "RUNNING"),
        params=parameters(plan, cell, record.params)
        | {"trial": str(record.number), **searched(plan, search_of_trial(record.number, spec.search.repeats))},
        tags={
            **tags,
            "state": record.state,
            "reason": record.reason,
            "origin": record.origin,
            "seed": str(record.seed),
            "attempts": str(record.attempts),
            "host": record.host,
            "device": record.device,
            "lost": record.extra.get("lost", ""),
            "selected": rank,
        },
        points=epoch_points(record.epochs, began, spec.search.objective, maximise=spec.search.direction == "maximize"),
        inputs=inputs,
    )


def parameters(plan: Plan, cell: Cell, hyperparameters: Mapping[str, object]) -> dict[str, str]:
    """Hyperparameters and the parts of a cell as flat parameters, which MLflow can search and compare."""
    return {name: text(value) for name, value in hyperparameters.items()} | {
        "study": plan.spec.study,
        "cell": cell.key,
        "method": cell.method.name,
        "encoder": cell.method.encoder,
        "pipeline": cell.method.pipeline,
        "fraction": text(cell.fraction),
        "backbone": cell.backbone,
        "image_size": text(cell.image_size),
    }


def searched(plan: Plan, search: int) -> dict[str, str]:
    """Which of a cell's searches a run belongs to, counted from 1, where there are several."""
    return {"search": text(search + 1)} if plan.spec.search.repeats > 1 else {}


def epoch_points(epochs: Iterable[EpochRecord], began: float, objective: str, *, maximise: bool) -> tuple[Point, ...]:
    """All metrics of all epochs, and the best value of the objective so far. A point's time is the start plus the
    seconds of training, so that the same epoch always gives the same point."""
    points: list[Point] = []
    best: float | None = None
    at = began
    for record in epochs:
        metrics = dict(record.metrics)
        at += metrics.get("seconds", metrics.get("device_seconds", 0.0))
        if objective in metrics:
            value = metrics[objective]
            best = value if best is None else (max if maximise else min)(best, value)
            metrics[f"best_{objective}"] = best
        points += [Point(name, float(value), record.epoch, at) for name, value in sorted(metrics.items())]
    return tuple(points)
