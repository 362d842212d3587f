"""Every replicate scored on every test set: one prediction table each, written once."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from datasets.base.atomic_files import file_digest
from datasets.base.manifest import DataRef, Manifest
from datasets.base.seeds import seed
from study.base.errors import StudyError
from study.cluster.ray_tasks import Task, run_tasks
from study.evaluation.prediction_tables import (
    Scores,
    is_made_from,
    made_from,
    prediction_table,
    write_prediction_table,
)
from study.plan.cells import Plan
from study.preparation import manifests, test_labels
from study.protocol import holdings
from study.spec.model import TestSet
from study.store import selection_record
from study.store.selection_record import Winner
from study.store.stage import StageContext
from study.training.replicates import pairs


def evaluate(context: StageContext) -> int:
    """Score what is missing; returns how many prediction tables were written.

    A table that was made from the study's present checkpoint, data and copies stays as it is; any other is made anew.

    Raises `StudyError` without a frozen selection or when a replicate is missing, `TaskError` when a scoring fails.
    """
    plan, directory = context.plan, context.directory
    frozen = selection_record.load(directory)
    tasks: list[Task] = []
    missing: dict[str, tuple[TestSet, Winner, int, dict[str, Any]]] = {}
    labels: dict[str, Manifest] = {}
    for test in plan.spec.tests:
        for winner, pair in pairs(plan, frozen):
            path = directory.prediction(test.name, winner.cell, winner.rank, pair)
            if is_made_from(path, made_from(plan, directory, test, winner, pair)):
                continue
            checkpoint = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
            if not checkpoint.exists():
                raise StudyError(f"Evaluation needs {checkpoint}. Run `study replicate {directory.root}` first.")
            if test.name not in labels:
                labels[test.name] = test_labels.read_labels(
                    plan, directory, test, selection_digest=frozen.digest, purpose="evaluate"
                )
            task = _task(plan, test, winner, pair, checkpoint, labels[test.name])
            missing[task.key] = (test, winner, pair, _verified_result(checkpoint))
            tasks.append(task)
    for key, scores in run_tasks(tasks, max_concurrent=plan.spec.resources.max_concurrent):
        test, winner, pair, result = missing[key]
        table = prediction_table(plan, directory, test, winner, pair, labels[test.name], scores)
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


def _verified_result(checkpoint: Path) -> dict[str, Any]:
    """What the finished training recorded. Raises `StudyError` when the checkpoint is not the one of the record."""
    digest = file_digest(checkpoint)
    result = checkpoint.with_name("result.json")
    recorded: dict[str, Any] = holdings.read_json(result, "Run `study replicate` on the study again.")
    if recorded["checkpoint"] != digest:
        raise StudyError(
            f"Evaluation scores finished replicates, but {checkpoint} is not what {result.name} recorded. Run "
            "`study replicate` on the study again."
        )
    return recorded


def score(
    checkpoint: str, ref: dict[str, Any], short_side: int, image_ids: list[str], copies: int, random_state: int
) -> Scores:
    """Scores of these images, in a worker that sees no label: `prediction_tables.Scores`.

    Images that the data set's policy skips are left out.
    """
    import datasets
    from datasets.cache.store import open_store
    from trainables.predict import predict

    reference = DataRef(**ref)
    store = open_store(datasets.load(reference), short_side=short_side, on_bad_image=reference.on_bad_image)
    kept = set(store.manifest.table["image_id"])
    scored = [image_id for image_id in image_ids if image_id in kept]
    scores = predict(checkpoint, store, store.rows(scored), copies=copies, seed=random_state)
    return scored, scores.columns(), {"seconds": scores.seconds, "device": scores.device}


def scoring_arguments(plan: Plan, test: TestSet, checkpoint: Path, image_ids: list[str]) -> tuple[Any, ...]:
    """What `score` is called with: the evaluation's own copies and random numbers for this test set."""
    spec = plan.spec
    return (
        str(checkpoint),
        dataclasses.asdict(manifests.reference(manifests.test_source(spec, test))),
        spec.cache_side,
        image_ids,
        spec.evaluate.copies,
        seed(spec.seed, "copies", test.name),
    )


def _task(plan: Plan, test: TestSet, winner: Winner, pair: int, checkpoint: Path, labels: Manifest) -> Task:
    resources = plan.cell(winner.cell).resources
    return Task(
        key=f"{test.name} × {plan.cell(winner.cell).title} #{winner.rank + 1} pair {pair}",
        function=score,
        arguments=scoring_arguments(plan, test, checkpoint, labels.table["image_id"].tolist()),
        cpus=resources.cpus,
        gpus=resources.gpus,
    )
