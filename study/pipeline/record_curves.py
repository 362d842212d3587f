"""`study curves`: train configurations spread over the search spaces to their last epoch, and keep their curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from study.base.errors import StudyError
from study.pipeline.stages import STAGES
from study.plan.cells import Plan
from study.protocol.opening import start_study
from study.search.samplers.sobol import trials_of
from study.simulation.curve_bank import recorded, write_bank
from study.simulation.datasheet import write_datasheet
from study.spec.model import StudySpec
from study.spec.search_section import Scheduler
from study.store.directory import StudyDirectory
from study.store.lock import only_driver
from study.store.stage import Observer, StageContext
from study.store.trial_storage import study_trials


def curves_spec(spec: StudySpec, configurations: int) -> StudySpec:
    """The spec's cells and data, with a quasi-random search that stops nothing."""
    search = spec.search.model_copy(
        update={
            "sampler": "sobol",
            "shared_design": 0,
            "trials": trials_of(configurations),
            "scheduler": Scheduler(),
            "epochs_per_cell": None,
            "seconds_per_cell": None,
        }
    )
    return spec.model_copy(update={"search": search})


def record_curves(
    spec: StudySpec,
    root: Path,
    out: Path,
    *,
    configurations: int,
    cells: str = "*",
    observers: Sequence[Observer] = (),
    address: str | None = None,
) -> None:
    """Train what is missing in `root`, and write all complete curves to `out` (parquet) with a datasheet beside it.

    Stopped at any point, the same command goes on; more `configurations` continue the design. `cells`: a pattern of the
    cells to train now; the others keep what they have. Raises `StudyError` for
    an objective that is not `val_auc`, and for whatever a study refuses.
    """
    if spec.search.objective != "val_auc":
        raise StudyError(
            f"Curves are compared by AUC, but the spec's objective is {spec.search.objective}. Set it to val_auc."
        )
    plan, directory = start_study(curves_spec(spec, configurations), root, extend=True)
    with only_driver(directory.root, "run"):
        chosen = replace(plan, cells=tuple(cell for cell in plan.cells if fnmatchcase(cell.key, cells)))
        if not chosen.cells:
            keys = ", ".join(cell.key for cell in plan.cells)
            raise StudyError(f"--cells is a pattern of some cells, got {cells!r}. The cells are {keys}.")
        context = StageContext(plan=chosen, directory=directory, observers=tuple(observers), address=address)
        try:
            if not STAGES["prepare"].status(context).complete:
                STAGES["prepare"].run(replace(context, plan=plan))
            STAGES["search"].run(context)
        finally:  # interrupted, the bank holds what there is
            trials = study_trials(plan, directory)
            if recorded(trials):
                write_bank(plan, trials, out)
                write_datasheet(out, _images(plan, directory))


def _images(plan: Plan, directory: StudyDirectory) -> dict[str, str]:
    """Facts about the images, for the datasheet."""
    content = json.loads(directory.manifests.read_text())
    data = content["data"][plan.spec.train.source]
    parts = [
        f"{row['images']:,}{_positives(row['positives'])} {row['part']} at {row['fraction']:g}"
        for row in content["parts"]
        if row["part"] in ("train", "validation")
    ]
    return {
        "data set": f"{data['rows']:,} images of {data['lesions']:,} lesions, digest {data['digest']}",
        "images": "; ".join(parts),
    }


def _positives(count: int | None) -> str:
    """Of two classes how many are positive."""
    return "" if count is None else f" ({count} positive)"
