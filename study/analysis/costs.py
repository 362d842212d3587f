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
    plug-in's pipeline does not say; `images_per_second` counts every augmented copy, null in a study scored by an older
    version; `replicate_seconds` is the mean over the winner's replicates; `epochs` and `seconds` are the ledger's."""
    classes = len(holdings.required_data(directory)["data"][plan.spec.train.source]["classes"])
    spent = ledger.set_index("cell")
    winners = {winner.cell: winner for winner in selection.winners if winner.rank == 0}
    rows = []
    for cell in plan.cells:
        winner = winners[cell.key]
        rows.append(
            {
                "cell": cell.key,
                "method": cell.method.name,
                "fraction": cell.fraction,
                "backbone": cell.backbone,
                "image_size": cell.image_size,
                **_size(cell, classes, winner),
                **_speed(plan, directory, winner),
                "replicate_seconds": _replicate_seconds(plan, directory, winner),
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


def _speed(plan: Plan, directory: StudyDirectory, winner: Winner) -> dict[str, Any]:
    """The median over its prediction tables, of one machine's kind: the one that scored most of them."""
    found: dict[str, list[float]] = {}
    for test in plan.spec.tests:
        for pair in range(1, plan.spec.replicate.pairs + 1):
            path = directory.prediction(test.name, winner.cell, winner.rank, pair).with_suffix(".json")
            facts = holdings.read_json(path, f"Run `study evaluate {directory.root}`.")
            if facts.get("seconds"):
                found.setdefault(facts["device"], []).append(facts["rows"] * facts["copies"] / facts["seconds"])
    if not found:
        return {"images_per_second": math.nan, "device": ""}
    device, speeds = max(found.items(), key=lambda item: len(item[1]))
    return {"images_per_second": statistics.median(speeds), "device": device}


def _replicate_seconds(plan: Plan, directory: StudyDirectory, winner: Winner) -> float:
    """Wall time of one training; NaN where the study was passed on without its replicates."""
    places = [directory.replicate(winner.cell, winner.rank, pair) for pair in range(1, plan.spec.replicate.pairs + 1)]
    results = [place / "result.json" for place in places if (place / "result.json").exists()]
    seconds = [holdings.read_json(path, "Run `study replicate` on the study.").get("seconds") for path in results]
    return statistics.fmean(value for value in seconds if value is not None) if any(seconds) else math.nan
