"""Evaluation: every replicate scored on every test set; one prediction table each, written once."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.base.atomic_files import file_digest, write_json
from datasets.base.manifest import DataRef, Manifest
from datasets.base.seeds import seed
from study.base.errors import StudyError
from study.cluster.tasks import Task, run_tasks
from study.plan.cells import Plan
from study.preparation import manifests, test_labels
from study.spec.model import TestSet
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.selection_record import Winner
from study.training.jobs import replicate_job
from study.training.replicates import pairs

SUBGROUPS = ("age", "sex", "site", "skin_tone", "diagnosis")
Done = Callable[[str], None]
Scores = tuple[list[str], np.ndarray, np.ndarray]


def evaluate(plan: Plan, directory: StudyDirectory, on_done: Done = lambda _: None) -> int:
    """Score what is missing; returns how many prediction tables were written. Written ones stay as they are.

    Raises `StudyError` without a frozen selection or when a replicate is missing, `cluster.TaskError` when a scoring
    fails.
    """
    frozen = selection_record.load(directory)
    tasks: list[Task] = []
    todo: dict[str, tuple[TestSet, Winner, int, str]] = {}
    labels: dict[str, Manifest] = {}
    for test in plan.spec.tests:
        for winner, pair in pairs(plan, frozen):
            checkpoint = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
            path = directory.prediction(test.name, winner.cell, winner.rank, pair)
            if path.exists() and path.with_suffix(".json").exists():
                continue
            if not checkpoint.exists():
                raise StudyError(f"Evaluation needs {checkpoint}. Run `study replicate {directory.root}` first.")
            if test.name not in labels:
                labels[test.name] = test_labels.read_labels(
                    plan.spec, directory, test, selection_digest=frozen.digest, purpose="evaluate"
                )
            task = _task(plan, test, winner, pair, checkpoint, labels[test.name])
            todo[task.key] = (test, winner, pair, _checked(checkpoint))
            tasks.append(task)
    for key, scores in run_tasks(tasks, max_concurrent=plan.spec.resources.max_concurrent):
        test, winner, pair, checkpoint_digest = todo[key]
        table = _table(plan, directory, test, winner, pair, labels[test.name], scores)
        path = directory.prediction(test.name, winner.cell, winner.rank, pair)
        _write(
            path,
            table,
            {
                "selection": frozen.digest,
                "checkpoint": checkpoint_digest,
                "manifest": labels[test.name].digest,
                "copies": plan.spec.evaluate.copies,
                "rows": len(table),
            },
        )
        on_done(key)
    return len(tasks)


def _checked(checkpoint: Path) -> str:
    """The checkpoint's digest. Raises `StudyError` when it is not the one that its finished training recorded."""
    digest = file_digest(checkpoint)
    result = checkpoint.with_name("result.json")
    if not result.is_file() or json.loads(result.read_text())["checkpoint"] != digest:
        raise StudyError(
            f"Evaluation scores finished replicates, but {checkpoint} is not what {result.name} recorded. Run "
            "`study replicate` on the study again."
        )
    return digest


def score(
    checkpoint: str, ref: dict[str, Any], short_side: int, image_ids: list[str], copies: int, seed_: int
) -> Scores:
    """Scores of these images, in a worker that sees no label: (image ids, mean[n], sd[n] over the copies).

    Images that the data set's policy skips are left out.
    """
    import datasets
    from datasets.cache.store import open_store
    from trainables.predict import predict

    reference = DataRef(**ref)
    store = open_store(datasets.load(reference), short_side=short_side, on_bad_image=reference.on_bad_image)
    kept = set(store.manifest.table["image_id"])
    wanted = [image_id for image_id in image_ids if image_id in kept]
    scores = predict(checkpoint, store, store.rows(wanted), copies=copies, seed=seed_)
    return wanted, scores.mean, scores.sd


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
        key=f"{test.name} × {winner.cell} #{winner.rank + 1} pair {pair}",
        function=score,
        arguments=scoring_arguments(plan, test, checkpoint, labels.table["image_id"].tolist()),
        cpus=resources.cpus,
        gpus=resources.gpus,
    )


def _table(
    plan: Plan, directory: StudyDirectory, test: TestSet, winner: Winner, pair: int, labels: Manifest, scores: Scores
) -> pd.DataFrame:
    image_ids, mean, sd = scores
    rows = labels.table.set_index("image_id").loc[image_ids].reset_index()
    cell = plan.cell(winner.cell)
    return pd.DataFrame(
        {
            "study": plan.spec.study,
            "method": cell.method.name,
            "fraction": cell.fraction,
            "rank": winner.rank,
            "split": pair,
            "seed": replicate_job(plan, directory, winner, pair).seed,
            "dataset": test.name,
            **{column: rows[column] for column in ("image_id", "lesion_id", "patient_id", "label")},
            "score": mean,
            "score_sd": sd,
            "n_copies": plan.spec.evaluate.copies,
            **{column: rows[column] for column in SUBGROUPS},
        }
    )


def _write(path: Path, table: pd.DataFrame, facts: dict[str, Any]) -> None:
    """Table first, then its facts with the table's digest: a table without facts is half written and made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.half")
    table.to_parquet(half, index=False)
    os.replace(half, path)
    write_json(path.with_suffix(".json"), {**facts, "sha256": file_digest(path)})


def tables_wanted(plan: Plan, directory: StudyDirectory) -> list[Path]:
    """Paths of all prediction tables that the frozen selection asks for, test set by test set."""
    frozen = selection_record.load(directory)
    return [
        directory.prediction(test.name, winner.cell, winner.rank, pair)
        for test in plan.spec.tests
        for winner, pair in pairs(plan, frozen)
    ]


def recorded_digests(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every finished prediction table as its record says, by path below `predictions/`."""
    return {
        path.relative_to(directory.predictions).as_posix(): str(json.loads(path.read_text())["sha256"])
        for path in sorted(directory.predictions.rglob("*.json"))
    }


def verify(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every prediction table. Raises `StudyError` for a table that changed since it was written."""
    digests: dict[str, str] = {}
    for path in sorted(directory.predictions.rglob("*.parquet")):
        digest = file_digest(path)
        facts = path.with_suffix(".json")
        if not facts.exists() or json.loads(facts.read_text())["sha256"] != digest:
            raise StudyError(
                f"Prediction tables never change once written, but {path} has another digest than its record. "
                f"Delete it and run `study evaluate {directory.root}`."
            )
        digests[str(path.relative_to(directory.predictions))] = digest
    return digests
