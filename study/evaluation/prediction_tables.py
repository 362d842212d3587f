"""Prediction tables on disk: which a study has, how one is made and written, and that none was altered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.base.atomic_files import file_digest, write_json, written_whole
from datasets.base.manifest import Manifest
from datasets.base.seeds import seed
from study.base.errors import StudyError
from study.evaluation.copies import copies_of
from study.plan.cells import Plan
from study.preparation import manifests
from study.protocol import holdings
from study.spec.data_sources import TestSet
from study.store import operating_points_record, read_log, selection_record
from study.store.directory import StudyDirectory
from study.store.selection_record import Winner
from study.training.jobs import replicate_job
from study.training.replicates import pairs

SUBGROUPS = ("age", "sex", "site", "skin_tone", "diagnosis")
Scores = tuple[list[str], dict[str, np.ndarray], dict[str, Any]]
"""Image ids, the columns [n] by name (means of the scores over the copies, standard deviations, number of copies), and
what it took (`seconds`, `device`, and the `views` that were scored)."""


def made_from(plan: Plan, directory: StudyDirectory, test: TestSet, winner: Winner, pair: int) -> dict[str, Any]:
    """What a prediction table rests on, out of the records: no image, label or checkpoint is read."""
    spec = plan.spec
    held_out = manifests.is_held_out(spec, test)
    recorded = holdings.required_data(directory)
    result = directory.replicate(winner.cell, winner.rank, pair) / "result.json"
    known = {}
    if result.exists():  # a study may be passed on without its checkpoints
        known["checkpoint"] = holdings.read_json(result, f"Run `study replicate {directory.root}`.")["checkpoint"]
    points = operating_points_record.load(directory)
    if points is not None:  # older studies have none
        known["operating_points"] = points.digest
    return {
        **known,
        "data": recorded["data"][spec.train.source if held_out else test.name]["digest"],
        "split": recorded["splits"][directory.split(0, spec.train.fractions[0]).name] if held_out else None,
        "copies": copies_of(plan, directory, plan.cell(winner.cell)),
        "random_state": seed(spec.seed, "copies", test.name),
        "short_side": spec.cache_side,
    }


def is_made_from(path: Path, origin: dict[str, Any]) -> bool:
    """Whether a prediction table is whole and rests on `origin`. Facts that an older version did not write count as
    equal, but for operating points: a table without them was made when there were none."""
    facts_file = path.with_suffix(".json")
    if not path.exists() or not facts_file.exists():
        return False
    facts = holdings.read_json(facts_file, "Delete it and run `study evaluate` on the study.")
    known = {"operating_points": None, **facts}
    return all(known.get(name, value) == value for name, value in origin.items())


def scored_rows(
    plan: Plan, directory: StudyDirectory, dataset: str, winner: Winner, pair: int, labels: Manifest, scores: Scores
) -> pd.DataFrame:
    """The table of one replicate on one set of images: one row an image, with its labels, facts and scores."""
    image_ids, columns, _ = scores
    rows = labels.table.set_index("image_id").loc[image_ids].reset_index()
    cell = plan.cell(winner.cell)
    return pd.DataFrame(
        {
            "study": plan.spec.study,
            "method": cell.method.name,
            "fraction": cell.fraction,
            **({"search": winner.search} if plan.spec.search.repeats > 1 else {}),
            "rank": winner.rank,
            "split": pair,
            "seed": replicate_job(plan, directory, winner, pair).seed,
            "dataset": dataset,
            **{column: rows[column] for column in ("image_id", "lesion_id", "patient_id", "label")},
            **columns,
            **{column: rows[column] for column in SUBGROUPS},
        }
    )


def write_prediction_table(directory: StudyDirectory, path: Path, table: pd.DataFrame, facts: dict[str, Any]) -> None:
    """The table, its digest in the log, then its facts: a table without facts is half written and made again."""
    path.with_suffix(".json").unlink(missing_ok=True)
    with written_whole(path) as file:
        table.to_parquet(file, index=False)
    digest = file_digest(path)
    table_name = path.relative_to(directory.predictions).as_posix()
    log = read_log.append(directory, "scored", table=table_name, sha256=digest, facts=holdings.facts_digest(facts))
    write_json(path.with_suffix(".json"), {**facts, "sha256": digest, "log": log})


def expected_tables(plan: Plan, directory: StudyDirectory) -> dict[Path, dict[str, Any]]:
    """All prediction tables that the frozen selection asks for, test set by test set, and what each is made from."""
    frozen = selection_record.load(directory)
    return {
        directory.prediction(test.name, winner.cell, winner.rank, pair): made_from(plan, directory, test, winner, pair)
        for test in plan.spec.tests
        for winner, pair in pairs(plan, frozen)
    }


def recorded_digests(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every finished prediction table as its record says, by path below `predictions/`."""
    return {name: str(facts["sha256"]) for name, facts in holdings.prediction_digests(directory).items()}


def verify(directory: StudyDirectory, *, unfinished: bool = False) -> dict[str, str]:
    """Digest of every prediction table. Raises `StudyError` for a table that changed since it was written, and for one
    without its facts unless the evaluation may be `unfinished`: a kill leaves such a table, and it is made again."""
    digests: dict[str, str] = {}
    for path in sorted(directory.predictions.rglob("*.parquet")):
        digest = file_digest(path)
        facts = path.with_suffix(".json")
        if unfinished and not facts.exists():
            continue
        if not facts.exists() or holdings.read_json(facts, "Delete it.").get("sha256") != digest:
            raise StudyError(
                f"Prediction tables never change once written, but {path} has another digest than its record. "
                f"Delete it and run `study evaluate {directory.root}`."
            )
        digests[str(path.relative_to(directory.predictions))] = digest
    return digests
