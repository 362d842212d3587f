"""Every replicate scored on every test set: one prediction table each, written once."""

from __future__ import annotations

from typing import Any

from datasets.base.manifest import Manifest
from study.base.errors import StudyError
from study.cluster.ray_tasks import Task, run_tasks
from study.evaluation.calibrate import frozen_values, is_current
from study.evaluation.prediction_tables import (
    is_made_from,
    made_from,
    scored_rows,
    write_prediction_table,
)
from study.evaluation.scoring import scoring_arguments, scoring_task, verified_result
from study.evaluation.validation_tables import expected_validation
from study.plan.cells import Plan
from study.preparation import manifests, test_labels
from study.spec.data_sources import TestSet
from study.store import operating_points_record, selection_record
from study.store.directory import StudyDirectory
from study.store.selection_record import Selection, Winner
from study.store.stage import StageContext
from study.training.replicates import pairs


def evaluate(context: StageContext) -> int:
    """Score what is missing; returns how many prediction tables were written.

    A table that was made from the study's present checkpoint, data and copies stays as it is; any other is made anew.

    Raises `StudyError` without a frozen selection, without frozen operating points, or when a replicate is missing,
    `TaskError` when a scoring fails.
    """
    plan, directory = context.plan, context.directory
    frozen = selection_record.load(directory)
    points = operating_points_record.load(directory)
    if points is None and not operating_points_record.withheld(directory):
        raise StudyError(
            f"Test labels are read after operating points are frozen, but {directory.operating_points} does not exist. "
            f"Run `study calibrate {directory.root}` first."
        )
    tasks: list[Task] = []
    missing: dict[str, tuple[TestSet, Winner, int, dict[str, Any]]] = {}
    labels: dict[str, Manifest] = {}
    for test in plan.spec.tests:
        for winner, pair in pairs(plan, frozen):
            path = directory.prediction(test.name, winner.cell, winner.rank, pair)
            origin = made_from(plan, directory, test, winner, pair)
            if is_made_from(path, origin):
                continue
            checkpoint = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
            if not checkpoint.exists():
                raise StudyError(f"Evaluation needs {checkpoint}. Run `study replicate {directory.root}` first.")
            if not labels and points is not None:
                _require_current(plan, directory, frozen)
            if test.name not in labels:
                labels[test.name] = test_labels.read_labels(
                    plan, directory, test, selection_digest=frozen.digest, purpose="evaluate"
                )
            image_ids = labels[test.name].table["image_id"].tolist()
            source = manifests.test_source(plan.spec, test)
            arguments = scoring_arguments(plan, source, test.name, checkpoint, image_ids, origin["copies"])
            task = scoring_task(plan, test.name, winner, pair, arguments)
            missing[task.key] = (test, winner, pair, verified_result(checkpoint))
            tasks.append(task)
    for key, scores in run_tasks(tasks, max_concurrent=plan.spec.resources.max_concurrent):
        test, winner, pair, result = missing[key]
        table = scored_rows(plan, directory, test.name, winner, pair, labels[test.name], scores)
        if points is not None:
            table = table.assign(**frozen_values(points, winner, pair))
        facts = {
            **made_from(plan, directory, test, winner, pair),
            "selection": frozen.digest,
            "checkpoint": result["checkpoint"],
            "validation": result["value"],
            "training_seconds": result.get("seconds"),
            "manifest": labels[test.name].digest,
            "rows": len(table),
            **scores[2],
        }
        write_prediction_table(directory, directory.prediction(test.name, winner.cell, winner.rank, pair), table, facts)
        context.piece("evaluate", key)
    return len(tasks)


def _require_current(plan: Plan, directory: StudyDirectory, frozen: Selection) -> None:
    """Raise `StudyError` where the frozen points are of other models, copies or images than today's."""
    expected = expected_validation(plan, directory, frozen)
    if is_current(plan, directory, frozen) and all(is_made_from(path, origin) for path, origin in expected.items()):
        return
    raise StudyError(
        f"Test labels are read under the operating points of today's models, but {directory.operating_points} was made "
        f"from others. Run `study calibrate {directory.root}` first."
    )
