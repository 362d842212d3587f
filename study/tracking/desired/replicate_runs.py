"""The runs of replicates and of their evaluations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datasets.base.score_columns import SD, score_columns
from datasets.base.seeds import seed
from study.evaluation.copies import copies_of
from study.plan.cells import Plan
from study.preparation.manifests import is_held_out
from study.spec.data_sources import TestSet
from study.store.directory import StudyDirectory
from study.store.selection_record import Winner
from study.store.trial import EpochRecord
from study.tracking.desired.dataset_inputs import DatasetInputs
from study.tracking.desired.evaluation_values import values
from study.tracking.desired.runs import Model, Run, cell_key, evaluation_key, replicate_key, text, trial_key
from study.tracking.desired.trial_runs import epoch_points, parameters, searched

MODEL_RANK, MODEL_PAIR = 0, 1  # one model a cell: its first winner, trained on the first pair


def replicate_run(
    plan: Plan, directory: StudyDirectory, winner: Winner, pair: int, *, inputs: DatasetInputs, tags: Mapping[str, str]
) -> Run | None:
    """The run of a replicate; None while it has not ended."""
    folder = directory.replicate(winner.cell, winner.rank, pair)
    if not ((folder / "result.json").is_file() and (folder / "history.json").is_file()):
        return None
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    history = [EpochRecord(**record) for record in json.loads((folder / "history.json").read_text())]
    ended = (folder / "result.json").stat().st_mtime
    began = ended - float(result["seconds"])
    cell, spec = plan.cell(winner.cell), plan.spec
    training_seed = seed(spec.seed, "replicate", pair)
    params = parameters(plan, cell, winner.params) | {"rank": text(winner.rank + 1), "pair": text(pair)}
    return Run(
        key=replicate_key(winner.cell, winner.rank, pair),
        parent=cell_key(winner.cell),
        kind="replicate",
        name=f"{cell.title} · winner {winner.rank + 1} · pair {pair}",
        started=began,
        ended=ended,
        status="FINISHED",
        params=params | {"trial": text(winner.trial), **searched(plan, winner.search)},
        tags={
            **tags,
            "state": "COMPLETE",
            "seed": str(training_seed),
            "split_digest": inputs.split_digest(pair, cell.fraction),
            "checkpoint": result["checkpoint"],
        },
        points=epoch_points(
            history,
            began,
            spec.search.objective,
            maximise=spec.search.direction == "maximize",
        ),
        inputs=inputs.training(pair, cell.fraction),
        model=_model(plan, directory, winner, pair, params, result, inputs.classes) if spec.tracking.models else None,
    )


def _model(
    plan: Plan,
    directory: StudyDirectory,
    winner: Winner,
    pair: int,
    params: Mapping[str, str],
    result: Mapping[str, Any],
    classes: tuple[str, ...],
) -> Model | None:
    """The model to log. There is one a cell, so that a study costs cells × the size of a checkpoint."""
    checkpoint = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
    if (winner.rank, pair) != (MODEL_RANK, MODEL_PAIR) or not checkpoint.is_file():
        return None
    cell, spec = plan.cell(winner.cell), plan.spec
    copies = copies_of(plan, directory, cell)
    seeds = {f"seed_{test.name}": str(seed(spec.seed, "copies", test.name)) for test in spec.tests}
    return Model(
        checkpoint=checkpoint,
        digest=str(result["checkpoint"]),
        name=cell.key.replace(".", "_"),
        registered=f"{spec.study}.{cell.key.removesuffix(f'-{cell.fraction:g}')}.{cell.fraction:g}",
        params=params,
        tags={**seeds, "copies": text(copies), "short_side": text(spec.cache_side)},
        image_size=cell.image_size,
        short_side=spec.cache_side,
        copies=copies,
        outputs=(*score_columns(classes), *score_columns(classes, SD)),
        trial=trial_key(winner.cell, winner.trial),
    )


def evaluation_run(
    plan: Plan,
    directory: StudyDirectory,
    test: TestSet,
    winner: Winner,
    pair: int,
    *,
    inputs: DatasetInputs,
    tags: Mapping[str, str],
) -> Run | None:
    """The run of a replicate on a test set; None while its prediction table has not been written."""
    path = directory.prediction(test.name, winner.cell, winner.rank, pair)
    record_path = path.with_suffix(".json")
    if not (path.is_file() and record_path.is_file()):
        return None
    record: dict[str, Any] = json.loads(record_path.read_text())
    cell = plan.cell(winner.cell)
    data = inputs.test(test, str(record["manifest"]))
    written = path.stat().st_mtime
    return Run(
        key=evaluation_key(test.name, winner.cell, winner.rank, pair),
        parent=replicate_key(winner.cell, winner.rank, pair),
        kind="evaluation",
        name=f"{cell.title} · winner {winner.rank + 1} · pair {pair} · {test.name}",
        started=written,
        ended=written,
        status="FINISHED",
        params=parameters(plan, cell, {})
        | {
            "dataset": test.name,
            "in_distribution": text(is_held_out(plan.spec, test)),
            "rank": text(winner.rank + 1),
            "pair": text(pair),
            "copies": text(record["copies"]),
        },
        tags={**tags, "state": "COMPLETE", "selection": record["selection"], "predictions": record["sha256"]},
        values=values(path),
        inputs=data,
        files=((path, ""), (record_path, "")),
        scored_by=replicate_key(winner.cell, winner.rank, pair) if plan.spec.tracking.models else "",
        scored_on=data[0] if data else None,
    )
