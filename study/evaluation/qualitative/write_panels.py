"""Write the qualitative pages of a study: `comparison/qualitative/panels.json` and the pictures it names."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from datasets.base.atomic_files import write_text
from study.cluster.ray_tasks import Task, run_tasks
from study.evaluation.qualitative import image_sources
from study.evaluation.qualitative.panel import PAIR, Album, Look, look
from study.plan.cells import Plan
from study.preparation import manifests
from study.report.inputs.panels import Cams, Panels
from study.store.directory import StudyDirectory


def write_panels(directory: StudyDirectory, plan: Plan) -> None:
    """Grad-CAM, errors, neighbours and maps for the winners of the largest fraction, re-trained on the first pair.

    One task a method on the cluster. Labels come from the prediction tables, so test labels are not read anew. What an
    earlier call wrote is replaced. Raises `StudyError` when predictions or replicates are missing.
    """
    fraction = max(plan.spec.train.fractions)
    checkpoints = image_sources.checkpoints(plan, directory, fraction, PAIR)
    image_sources.predictions(directory, fraction)
    where = directory.panels
    if where.exists():
        shutil.rmtree(where)
    where.mkdir(parents=True)
    tasks = [
        Task(key=f"qualitative pages of {method}", function=look, arguments=(plan, directory, method, path), gpus=0.0)
        for method, path in checkpoints.items()
    ]
    found = {seen.method: seen for _, seen in run_tasks(tasks)}
    panels = Panels(
        fraction=fraction,
        classes=tuple(manifests.load_manifest(plan.spec.train).classes),
        cams=_cams(Album(plan, directory), found),
        errors=tuple(
            errors for test in plan.spec.tests for m in checkpoints for errors in found[m].errors_on(test.name)
        ),
        neighbours=tuple(item for method in checkpoints for item in found[method].neighbours),
        maps=tuple(found[method].map for method in checkpoints),
        notes=(
            *(["Of many classes, Grad-CAM is for the image's own class."] if Album(plan, directory).many else []),
            "Grad-CAM, neighbours and maps look at one re-trained model a method (pair 1, no augmentation); scores "
            "and the choice of images rest on all of them.",
        ),
    )
    write_text(where / "panels.json", panels.model_dump_json(indent=1) + "\n")


def _cams(album: Album, found: Mapping[str, Look]) -> tuple[Cams, ...]:
    return tuple(
        Cams(
            why=chosen.why,
            shown=album.shown(chosen),
            overlays={method: seen.overlays[chosen.dataset, chosen.image_id] for method, seen in found.items()},
            scores=chosen.scores,
        )
        for chosen in album.telling()
    )
