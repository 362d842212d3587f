"""What each cell's winner costs: its size, the work of one image, how fast it scored, and what its tuning spent."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pandas as pd

from study.plan.cells import Cell, Plan
from study.protocol import holdings
from study.store.directory import StudyDirectory
from study.store.selection_record import Selection, Winner


def costs(plan: Plan, directory: StudyDirectory, selection: Selection, ledger: pd.DataFrame) -> pd.DataFrame:
    """One row a cell. `parameters`, `trained` and `macs` are those of `trainables.pipelines.model_size`, null where a
    plug-in's pipeline does not say; `images_per_second` counts every augmented copy; `replicate_seconds` is the mean
    over the winner's replicates; both are null in a study scored by an older version. `epochs` and `seconds` are the
    ledger's."""
    classes = len(holdings.required_data(directory)["data"][plan.spec.train.source]["classes"])
    spent = ledger.set_index("cell")
    winners = {winner.cell: winner for winner in selection.winners if (winner.rank, winner.search) == (0, 0)}
    rows = []
    for cell in plan.cells:
        winner = winners[cell.key]
        facts = _facts(plan, directory, winner)
        rows.append(
            {
                "cell": cell.key,
                "method": cell.method.name,
                "fraction": cell.fraction,
                "backbone": cell.backbone,
                "image_size": cell.image_size,
                **_size(cell, classes, winner),
                **_speed(facts),
                "replicate_seconds": _replicate_seconds(facts),
                "epochs": int(spent.loc[cell.key, "epochs"]),  # type: ignore[arg-type]
                "seconds": float(spent.loc[cell.key, "seconds"]),  # type: ignore[arg-type]
            }
        )
    return pd.DataFrame(rows)


def _size(cell: Cell, classes: int, winner: Winner) -> dict[str, float]:
    from trainables.pipelines.model_size import model_size

    size = model_size(cell.backbone, cell.image_size, classes, cell.method.pipeline, winner.params)
    trained = math.nan if size.trained is None else size.trained
    return {"parameters": size.parameters, "trained": trained, "macs": size.macs}


def _facts(plan: Plan, directory: StudyDirectory, winner: Winner) -> list[dict[str, Any]]:
    """What was written beside the prediction tables of a winner's replicates."""
    return [
        holdings.read_json(
            directory.prediction(test.name, winner.cell, winner.rank, pair).with_suffix(".json"),
            f"Run `study evaluate {directory.root}`.",
        )
        for test in plan.spec.tests
        for pair in range(1, plan.spec.replicate.pairs + 1)
    ]


def _speed(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """The median over prediction tables, of one machine's kind: the one that scored most of them."""
    found: dict[str, list[float]] = {}
    for table in facts:
        if table.get("seconds"):
            views = table.get("views", table["rows"] * table["copies"])  # older tables do not say
            found.setdefault(table["device"], []).append(views / table["seconds"])
    if not found:
        return {"images_per_second": math.nan, "device": ""}
    device, speeds = max(found.items(), key=lambda item: len(item[1]))
    return {"images_per_second": statistics.median(speeds), "device": device}


def _replicate_seconds(facts: list[dict[str, Any]]) -> float:
    """Wall time of one training, the mean over the replicates."""
    known = [table["training_seconds"] for table in facts if table.get("training_seconds")]
    return statistics.fmean(known) if known else math.nan
