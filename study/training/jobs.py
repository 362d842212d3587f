"""Jobs out of plans: the same function makes a trial's job and a replicate's, so that they train alike."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from datasets.base.atomic_files import text_digest
from datasets.base.seeds import seed
from search_spaces.domains import Value
from study.plan.cells import Cell, Plan
from study.preparation import manifests
from study.store.directory import StudyDirectory
from study.store.selection_record import Winner
from study.training import study_precision
from trainables.job import EncoderRef, Job


def trial_job(plan: Plan, directory: StudyDirectory, cell: Cell, number: int, params: Mapping[str, Value]) -> Job:
    """Trial `number` of a cell, on the split of the search.

    The seed depends on the number alone, not on the cell: trials of the shared design differ between methods in
    nothing but the method.
    """
    where = directory.trial(cell.key, number)
    return _job(plan, directory, cell, params, split=0, random_state=seed(plan.spec.seed, "train", number), where=where)


def replicate_job(plan: Plan, directory: StudyDirectory, winner: Winner, pair: int) -> Job:
    """A winner trained anew on pair `pair` (1-based): its own split and seed, the same for every method."""
    where = directory.replicate(winner.cell, winner.rank, pair)
    return _job(
        plan,
        directory,
        plan.cell(winner.cell),
        winner.params,
        split=pair,
        random_state=seed(plan.spec.seed, "replicate", pair),
        where=where,
    )


def job_digest(job: Job) -> str:
    """Digest of what decides a job's result: places and threads may change between runs, and splits never do."""
    content = json.loads(job.to_json())
    for place in ("directory", "stages", "threads"):
        del content[place]
    if content["precision"] is None:  # jobs of older versions did not say
        del content["precision"]
    content["data"] = {
        "source": content["data"]["ref"]["source"],
        "task": content["data"]["ref"]["task"],
        "short_side": content["data"]["short_side"],
        "split": Path(content["data"]["split_file"]).name,
    }
    encoder = content["encoder"]
    content["encoder"] = [encoder["name"], encoder["sha256"] or encoder["weights"]]
    if encoder["key"] is not None:  # older versions had none
        content["encoder"].append(encoder["key"])
    return text_digest(content)


def _job(
    plan: Plan,
    directory: StudyDirectory,
    cell: Cell,
    params: Mapping[str, Value],
    *,
    split: int,
    random_state: int,
    where: Path,
) -> Job:
    spec = plan.spec
    return Job(
        encoder=encoder_reference(cell),
        pipeline=cell.method.pipeline,
        backbone=cell.backbone,
        image_size=cell.image_size,
        params=dict(params),
        data=manifests.training_data(spec, directory, split, cell.fraction),
        max_epochs=cell.max_epochs,
        objective=spec.search.objective,
        seed=random_state,
        directory=str(where),
        stages=str(directory.stages),
        stage_seed=split,
        augmentation=str(params.get("augmentation", spec.augmentation)),
        threads=max(1, int(cell.resources.cpus)),
        precision=study_precision.of_study(spec, directory),
    )


def encoder_reference(cell: Cell) -> EncoderRef:
    """The encoder of a cell's method; a local file of weights by its absolute path."""
    weights = cell.method.weights
    if weights and os.path.exists(weights):
        weights = manifests.absolute(weights)
    return EncoderRef(name=cell.method.encoder, weights=weights, sha256=cell.method.sha256, key=cell.method.key)
