"""How images are scored by a replicate: test images and its own validation images alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from datasets.base.atomic_files import file_digest
from datasets.base.manifest import DataRef
from datasets.base.seeds import seed
from study.base.errors import StudyError
from study.cluster.ray_tasks import Task
from study.evaluation.prediction_tables import Scores
from study.plan.cells import Plan
from study.preparation import manifests
from study.protocol import holdings
from study.spec.data_sources import DataSource
from study.store.selection_record import Winner


def verified_result(checkpoint: Path) -> dict[str, Any]:
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
    columns = {**scores.columns(), "n_copies": np.full(len(scored), scores.copies)}
    return scored, columns, {"seconds": scores.seconds, "device": scores.device, "views": len(scored) * scores.copies}


def scoring_arguments(
    plan: Plan, source: DataSource, name: str, checkpoint: Path, image_ids: list[str], copies: int
) -> tuple[Any, ...]:
    """What `score` is called with: random numbers are the evaluation's own for what `name` calls the images."""
    spec = plan.spec
    return (
        str(checkpoint),
        dataclasses.asdict(manifests.reference(source)),
        spec.cache_side,
        image_ids,
        copies,
        seed(spec.seed, "copies", name),
    )


def scoring_task(plan: Plan, name: str, winner: Winner, pair: int, arguments: tuple[Any, ...]) -> Task:
    """The task that scores images, called `name`, by one replicate with the resources of its cell."""
    resources = plan.cell(winner.cell).resources
    return Task(
        key=f"{name} × {plan.cell(winner.cell).title} #{winner.rank + 1} pair {pair}",
        function=score,
        arguments=arguments,
        cpus=resources.cpus,
        gpus=resources.gpus,
    )
