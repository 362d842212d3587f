"""Prediction tables on disk: which a study has, how one is made and written, and that none was altered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.base.atomic_files import file_digest, write_json
from datasets.base.manifest import Manifest
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.spec.model import TestSet
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.selection_record import Winner
from study.training.jobs import replicate_job
from study.training.replicates import pairs

SUBGROUPS = ("age", "sex", "site", "skin_tone", "diagnosis")
Scores = tuple[list[str], np.ndarray, np.ndarray]
"""Image ids, mean score [n] and its standard deviation [n] over the copies."""


def is_written(path: Path) -> bool:
    """Whether a prediction table is whole: its facts are written after it."""
    return path.exists() and path.with_suffix(".json").exists()


def prediction_table(
    plan: Plan, directory: StudyDirectory, test: TestSet, winner: Winner, pair: int, labels: Manifest, scores: Scores
) -> pd.DataFrame:
    """The table of one replicate on one test set: one row an image, with its labels, facts and scores."""
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


def write_prediction_table(path: Path, table: pd.DataFrame, facts: dict[str, Any]) -> None:
    """Table first, then its facts with the table's digest: a table without facts is half written and made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.half")
    table.to_parquet(half, index=False)
    os.replace(half, path)
    write_json(path.with_suffix(".json"), {**facts, "sha256": file_digest(path)})


def expected_tables(plan: Plan, directory: StudyDirectory) -> list[Path]:
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
