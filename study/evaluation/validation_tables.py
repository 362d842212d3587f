"""Every replicate scored on its own validation images, as test images are scored: what operating points rest on.

These are training labels: no test label is read, and nothing here is a result. The tables have the form of prediction
tables; they are not logged, because the sealed protocol has the digest of the record that names them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from datasets.base.atomic_files import file_digest, write_json, written_whole
from datasets.base.manifest import Manifest
from datasets.base.seeds import seed
from datasets.splits.split import Part, Split
from study.base.errors import StudyError
from study.cluster.ray_tasks import Task, run_tasks
from study.evaluation.copies import copies_of
from study.evaluation.prediction_tables import Scores, is_made_from, scored_rows
from study.evaluation.scoring import scoring_arguments, scoring_task, verified_result
from study.plan.cells import Plan
from study.preparation import manifests
from study.protocol import holdings
from study.store.directory import StudyDirectory
from study.store.selection_record import Selection, Winner
from study.store.stage import StageContext
from study.training.replicates import pairs

VALIDATION: Part = "validation"


def validation_made_from(plan: Plan, directory: StudyDirectory, winner: Winner, pair: int) -> dict[str, Any]:
    """What a validation table rests on, out of the records."""
    spec = plan.spec
    recorded = holdings.required_data(directory)
    result = directory.replicate(winner.cell, winner.rank, pair) / "result.json"
    known = {}
    if result.exists():  # a study may be passed on without its checkpoints
        known["checkpoint"] = holdings.read_json(result, f"Run `study replicate {directory.root}`.")["checkpoint"]
    return {
        **known,
        "data": recorded["data"][spec.train.source]["digest"],
        "split": recorded["splits"][directory.split(pair, plan.cell(winner.cell).fraction).name],
        "copies": copies_of(plan, directory, plan.cell(winner.cell)),
        "random_state": seed(spec.seed, "copies", VALIDATION),
        "short_side": spec.cache_side,
    }


def expected_validation(plan: Plan, directory: StudyDirectory, frozen: Selection) -> dict[Path, dict[str, Any]]:
    """All validation tables that a selection asks for, and what each is made from."""
    return {
        directory.validation_table(winner.cell, winner.rank, pair): validation_made_from(plan, directory, winner, pair)
        for winner, pair in pairs(plan, frozen)
    }


def score_validation(context: StageContext, frozen: Selection) -> int:
    """Score what is missing; returns how many tables were written.

    Raises `StudyError` when a replicate is missing, `TaskError` when a scoring fails.
    """
    plan, directory = context.plan, context.directory
    tasks: list[Task] = []
    missing: dict[str, tuple[Winner, int, dict[str, Any]]] = {}
    for winner, pair in pairs(plan, frozen):
        path = directory.validation_table(winner.cell, winner.rank, pair)
        if is_made_from(path, validation_made_from(plan, directory, winner, pair)):
            continue
        checkpoint = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
        if not checkpoint.exists():
            raise StudyError(f"Calibration needs {checkpoint}. Run `study replicate {directory.root}` first.")
        images = Split.read(directory.split(pair, plan.cell(winner.cell).fraction)).ids(VALIDATION)
        arguments = scoring_arguments(
            plan, plan.spec.train, VALIDATION, checkpoint, images, copies_of(plan, directory, plan.cell(winner.cell))
        )
        task = scoring_task(plan, VALIDATION, winner, pair, arguments)
        missing[task.key] = (winner, pair, verified_result(checkpoint))
        tasks.append(task)
    labels = manifests.load_manifest(plan.spec.train) if tasks else None
    for key, scores in run_tasks(tasks, max_concurrent=plan.spec.resources.max_concurrent):
        winner, pair, result = missing[key]
        assert labels is not None
        _write(plan, directory, winner, pair, labels, scores, result)
        context.piece("calibrate", key)
    return len(tasks)


def read_validation(directory: StudyDirectory, winner: Winner, pair: int) -> tuple[pd.DataFrame, str]:
    """A validation table and its sha256. Raises `StudyError` for one that is missing or was altered."""
    path = directory.validation_table(winner.cell, winner.rank, pair)
    facts = path.with_suffix(".json")
    digest = holdings.optional_digest(path)
    again = f"Delete both and run `study calibrate {directory.root}`."
    if digest is None or not facts.exists() or holdings.read_json(facts, again).get("sha256") != digest:
        raise StudyError(f"Validation tables never change once written, but {path} is not what was recorded. {again}")
    return pd.read_parquet(path), digest


def _write(
    plan: Plan,
    directory: StudyDirectory,
    winner: Winner,
    pair: int,
    labels: Manifest,
    scores: Scores,
    result: dict[str, Any],
) -> None:
    table = scored_rows(plan, directory, f"{plan.spec.train.source}_{VALIDATION}", winner, pair, labels, scores)
    path = directory.validation_table(winner.cell, winner.rank, pair)
    path.with_suffix(".json").unlink(missing_ok=True)
    with written_whole(path) as file:
        table.to_parquet(file, index=False)
    facts = {
        **validation_made_from(plan, directory, winner, pair),
        "checkpoint": result["checkpoint"],
        "rows": len(table),
        **scores[2],
    }
    write_json(path.with_suffix(".json"), {**facts, "sha256": file_digest(path)})
