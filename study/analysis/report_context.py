"""The study's metadata that the report prints beside the comparison tables: `comparison/context.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from study.base.versions import versions
from study.comparison.metrics.class_metric import metric_names
from study.evaluation.copies import copies_of
from study.plan import fairness_rules
from study.plan.cells import Plan
from study.preparation import manifests, test_labels
from study.protocol import holdings, protocol
from study.report.inputs.context import Context
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.training import study_precision


def in_distribution(plan: Plan) -> str | None:
    """Name of the test set that comes from the training data's own split, if the study has one."""
    return next((test.name for test in plan.spec.tests if manifests.is_held_out(plan.spec, test)), None)


def context(plan: Plan, directory: StudyDirectory) -> Context:
    """The metadata of a study."""
    spec, frozen = plan.spec, selection_record.load(directory)
    audit = read_record(directory.audit)
    leaks = {item["key"]: item["message"] for item in audit or []}
    named = {item.what for item in spec.accept_leaks}
    return Context.model_validate(
        {
            "study": spec.study,
            "question": spec.question,
            "spec_digest": spec.digest,
            "baseline": spec.methods[0].name,
            "methods": [method.name for method in spec.methods],
            "tests": [test.name for test in spec.tests],
            "backbone": ", ".join(dict.fromkeys(cell.backbone for cell in plan.cells)),
            "image_size": plan.cells[0].image_size if len({cell.image_size for cell in plan.cells}) == 1 else None,
            "metric": spec.compare.metric,
            "margin": spec.compare.margin,
            "seed": spec.seed,
            "in_distribution": in_distribution(plan),
            "budget": {
                "trials": max(cell.trials for cell in plan.cells),
                "repeats": spec.search.repeats,
                "max_epochs": spec.search.max_epochs,
                "shared_design": spec.search.shared_design,
                "sampler": spec.search.sampler,
                "scheduler": spec.search.scheduler.description,
                "objective": spec.search.objective,
                "direction": spec.search.direction,
            },
            "replicates": spec.replicate.pairs,
            "copies": spec.evaluate.copies,
            "plain": list(
                dict.fromkeys(
                    cell.method.name for cell in plan.cells if copies_of(plan, directory, cell) != spec.evaluate.copies
                )
            ),
            "selection": {
                "digest": frozen.digest,
                "time": frozen.time,
                "rule": frozen.rule,
                "winners": [
                    {
                        "cell": winner.cell,
                        "rank": winner.rank,
                        "search": winner.search,
                        "trial": winner.trial,
                        "value": winner.value,
                        "params": dict(winner.params),
                    }
                    for winner in frozen.winners
                ],
            },
            "unfair": [
                {"what": violation.key, "message": violation.message, "reason": violation.reason}
                for violation in fairness_rules.check(plan)
            ],
            "leaks": [
                {"what": item.what, "reason": item.reason, "message": leaks[item.what]}
                for item in spec.accept_leaks
                if item.what in leaks
            ]
            + [
                {"what": item["key"], "reason": item["accepted"], "message": item["message"]}
                for item in audit or []
                if item.get("accepted") and item["key"] not in named
            ],
            "audit": audit or [],
            "audited": audit is not None,
            "test_reads": test_labels.log(directory),
            "protocol": _protocol(plan, directory),
            "datasets": _datasets(plan, directory),
            "encoders": _encoders(plan),
            "durations": (read_record(directory.progress) or {}).get("seconds", {}),
            "precision": study_precision.of_study(spec, directory) or "",
            "versions": versions(),
        }
    )


def _protocol(plan: Plan, directory: StudyDirectory) -> dict[str, Any] | None:
    """The sealed protocol, and what this comparison does beyond it."""
    sealed = protocol.load(directory)
    if sealed is None:
        return None
    names = metric_names(holdings.class_count(directory, plan.spec.train.source))
    return {
        "digest": sealed.digest,
        "time": sealed.time,
        "late": sealed.late,
        "code": sealed.code,
        "code_now": holdings.code(),
        "metrics_added": [name for name in names if name not in sealed.metrics],
    }


def _encoders(plan: Plan) -> list[dict[str, Any]]:
    """The initial encoder of each method, as its recipe says. Those that ship are trained on drawn images alone."""
    from trainables.encoders import registry

    rows = []
    for cell in plan.cells[: len(plan.spec.methods)]:
        recipe = registry.recipe(cell.method.encoder).begun_with(cell.method.weights)
        pretraining = {
            "pretrained_on": recipe.pretrained_on,
            "licence": recipe.licence,
            "overlap": recipe.overlap,
            "ships": recipe.ships,
        }
        start = {"encoder": recipe.name, "backbone": cell.backbone, "image_size": cell.image_size}
        rows.append({"method": cell.method.name, **start, **pretraining})
    return rows


def _datasets(plan: Plan, directory: StudyDirectory) -> list[dict[str, Any]]:
    content = holdings.required_data(directory)
    train = plan.spec.train.source
    parts = content.get("parts", [])  # an older version did not count them
    return [_dataset(name, record, parts if name == train else None) for name, record in content["data"].items()]


def _dataset(name: str, record: dict[str, Any], parts: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A data set as used. `left_out` counts the images without a label of the task, and those in no part of a split."""
    labelled = {int(label): rows for label, rows in record["by_label"].items() if int(label) >= 0}
    two = len(record["classes"]) == 2
    used, positives = sum(labelled.values()), labelled.get(1, 0) if two else None
    if parts:
        largest = [part for part in parts if part["fraction"] == max(part["fraction"] for part in parts)]
        used = sum(part["images"] for part in largest)
        positives = sum(part["positives"] for part in largest) if two else None
    return {
        "name": name,
        "role": "test" if parts is None else "train",
        "source": record["source"],
        "images": used,
        "left_out": record["rows"] - used,
        "positives": positives,
        "lesions": record["lesions"],
        "patients": record["patients"],
        "lesions_known": record.get("lesions_known"),
        "patients_known": record.get("patients_known"),
        "parts": parts or [],
        "classes": record["classes"],
        "digest": record["digest"],
        "notes": record["notes"] if two else [*record["notes"], _by_class(record["classes"], labelled)],
    }


def _by_class(classes: list[str], labelled: dict[int, int]) -> str:
    return ", ".join(f"{labelled.get(label, 0):,} {name}" for label, name in enumerate(classes))


def read_record(path: Path) -> Any:
    """Content of a record (JSON); None where there is no file."""
    return holdings.read_json(path, "Delete it and run again.") if path.is_file() else None
