"""From prediction tables and the record of trials to comparison tables and the facts beside them."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from datasets.base.atomic_files import text_digest, write_text
from study.analysis import budget_ledger, trial_tables
from study.analysis.optimism import optimism
from study.base.errors import StudyError
from study.comparison.metrics.metric import METRICS
from study.evaluation import prediction_tables
from study.plan import fairness_rules
from study.plan.cells import Plan
from study.preparation import manifests, test_labels
from study.protocol import holdings, protocol
from study.report.inputs.context import Context
from study.selection.edges import edges
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.store.trial_storage import study_trials
from study.training import study_precision

VERSIONS = ("torch", "torchvision", "timm", "ray", "optuna", "mlflow", "scikit-learn", "pandas", "numpy")


def compare(plan: Plan, directory: StudyDirectory) -> dict[str, pd.DataFrame]:
    """Write `comparison/*.parquet` and `comparison/context.json` of a study; returns the tables by name.

    Reads prediction tables, the trials, the frozen selection and the logs; neither checkpoints nor images nor test
    labels. Raises `StudyError` when a prediction table is missing or was altered.
    """
    from study.analysis.importance import importance
    from study.comparison import ComparisonError, compare, optimisation

    frozen = selection_record.load(directory)
    holdings.required_data(directory)
    predictions = read_predictions(plan, directory)
    trials = study_trials(plan, directory)
    flat, curves = trial_tables.trials_table(plan, trials), trial_tables.curves_table(plan, trials)
    spec = plan.spec
    try:
        found = compare(
            predictions,
            baseline=spec.methods[0].name,
            in_distribution=in_distribution(plan),
            margin=spec.compare.margin,
            draws=spec.compare.draws,
            seed=spec.seed,
        )
    except ComparisonError as error:
        raise StudyError(str(error)) from error
    found |= optimisation(flat, curves, direction=spec.search.direction)
    found["importance"] = importance(flat, direction=spec.search.direction)
    found |= {
        "trials": flat,
        "curves": curves,
        "parity": fairness_rules.parity(plan),
        "ledger": budget_ledger.ledger(plan, trials),
    }
    found["optimism"] = optimism(plan, directory, frozen, found["estimates"], in_distribution(plan))
    found["edges"] = edges(plan, _winners(trials, frozen))
    write_tables(directory.comparison, found)
    write_text(directory.comparison / "context.json", context(plan, directory).model_dump_json(indent=1) + "\n")
    return found


def read_predictions(plan: Plan, directory: StudyDirectory) -> pd.DataFrame:
    """All prediction tables of a study. Raises `StudyError` when one is missing, altered, or not of the selection."""
    digests = prediction_tables.verify(directory)
    wanted = prediction_tables.expected_tables(plan, directory)
    missing = [path for path in wanted if str(path.relative_to(directory.predictions)) not in digests]
    stale = [path for path, origin in wanted.items() if not prediction_tables.is_made_from(path, origin)]
    for paths, what in ((missing, "missing"), (stale, "made from another checkpoint, split or number of copies")):
        if paths:
            raise StudyError(
                f"A comparison needs all {len(wanted)} prediction tables, but {len(paths)} are {what}, the first is "
                f"{paths[0]}. Run `study evaluate {directory.root}`."
            )
    return pd.concat([pd.read_parquet(path) for path in wanted], ignore_index=True)


def predictions_complete(plan: Plan, directory: StudyDirectory) -> bool:
    """Whether every prediction table that the selection asks for is there, with its record."""
    tables = prediction_tables.expected_tables(plan, directory)
    return all(prediction_tables.is_made_from(path, origin) for path, origin in tables.items())


def in_distribution(plan: Plan) -> str | None:
    """Name of the test set that comes from the training data's own split, if the study has one."""
    return next((test.name for test in plan.spec.tests if manifests.is_held_out(plan.spec, test)), None)


def fingerprint(plan: Plan, directory: StudyDirectory) -> str:
    """Digest of everything that a comparison is made from."""
    trials = study_trials(plan, directory)
    return text_digest(
        {
            "spec": plan.spec.digest,
            "selection": selection_record.load(directory).digest,
            "predictions": prediction_tables.recorded_digests(directory),
            "trials": [[t.cell, t.number, t.state, t.value, len(t.epochs)] for t in trials],
            "log": test_labels.log(directory),
            "protocol": None if (sealed := protocol.load(directory)) is None else sealed.digest,
            "audit": _json(directory.audit),
            "data": _json(directory.manifests),
        }
    )


def write_tables(where: Path, found: dict[str, pd.DataFrame]) -> None:
    """Write `<name>.parquet` each; tables of an earlier comparison that this one does not have are removed."""
    where.mkdir(parents=True, exist_ok=True)
    for path in where.glob("*.parquet"):
        if path.stem not in found:
            path.unlink()
    for name, table in found.items():
        table.to_parquet(where / f"{name}.parquet", index=False)


def context(plan: Plan, directory: StudyDirectory) -> Context:
    """The facts that the report prints beside the tables."""
    spec, frozen = plan.spec, selection_record.load(directory)
    audit = _json(directory.audit)
    leaks = {item["key"]: item["message"] for item in audit or []}
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
            "margin": spec.compare.margin,
            "seed": spec.seed,
            "in_distribution": in_distribution(plan),
            "budget": {
                "trials": max(cell.trials for cell in plan.cells),
                "max_epochs": spec.search.max_epochs,
                "shared_design": spec.search.shared_design,
                "sampler": spec.search.sampler,
                "scheduler": spec.search.scheduler.description,
                "objective": spec.search.objective,
            },
            "replicates": spec.replicate.pairs,
            "copies": spec.evaluate.copies,
            "selection": {
                "digest": frozen.digest,
                "time": frozen.time,
                "rule": frozen.rule,
                "winners": [
                    {
                        "cell": winner.cell,
                        "rank": winner.rank,
                        "trial": winner.trial,
                        "value": winner.value,
                        "params": dict(winner.params),
                    }
                    for winner in frozen.winners
                ],
            },
            "unfair": [
                {"what": found.key, "message": found.message, "reason": found.reason}
                for found in fairness_rules.check(plan)
            ],
            "leaks": [
                {"what": item.what, "reason": item.reason, "message": leaks[item.what]}
                for item in spec.accept_leaks
                if item.what in leaks
            ],
            "audit": audit or [],
            "audited": audit is not None,
            "test_reads": test_labels.log(directory),
            "protocol": _seal(directory),
            "datasets": _data_sets(plan, directory),
            "encoders": _encoders(plan),
            "durations": (_json(directory.progress) or {}).get("seconds", {}),
            "precision": study_precision.of_study(spec, directory) or "",
            "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}},
        }
    )


def _seal(directory: StudyDirectory) -> dict[str, Any] | None:
    """The sealed protocol, and what this comparison does beyond it."""
    sealed = protocol.load(directory)
    if sealed is None:
        return None
    return {
        "digest": sealed.digest,
        "time": sealed.time,
        "late": sealed.late,
        "code": sealed.code,
        "code_now": holdings.code(),
        "metrics_added": [name for name in METRICS.names() if name not in sealed.metrics],
    }


def _encoders(plan: Plan) -> list[dict[str, Any]]:
    """What each method begins with, as its encoder's recipe says; those that ship saw no photograph."""
    from trainables.encoders import registry

    rows = []
    for cell in plan.cells[: len(plan.spec.methods)]:
        recipe = registry.recipe(cell.method.encoder)
        seen = {"pretrained_on": recipe.pretrained_on, "licence": recipe.licence, "overlap": recipe.overlap}
        if recipe.trained and cell.method.weights is None:
            seen = {"pretrained_on": "drawn objects", "licence": "this project's", "overlap": "no"}
        start = {"encoder": recipe.name, "backbone": cell.backbone, "image_size": cell.image_size}
        rows.append({"method": cell.method.name, **start, **seen})
    return rows


def _data_sets(plan: Plan, directory: StudyDirectory) -> list[dict[str, Any]]:
    content = holdings.required_data(directory)
    train = plan.spec.train.source
    parts = content.get("parts", [])  # an older version did not count them
    return [_data_set(name, facts, parts if name == train else None) for name, facts in content["data"].items()]


def _data_set(name: str, facts: dict[str, Any], parts: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A data set as used: images that carry no label of the task, or are in no part, are left out and counted so."""
    labelled = {int(label): rows for label, rows in facts["by_label"].items() if int(label) >= 0}
    used, positives = sum(labelled.values()), labelled.get(len(facts["classes"]) - 1, 0)
    if parts:
        whole = [part for part in parts if part["fraction"] == max(part["fraction"] for part in parts)]
        used, positives = (sum(part[column] for part in whole) for column in ("images", "positives"))
    return {
        "name": name,
        "role": "test" if parts is None else "train",
        "source": facts["source"],
        "images": used,
        "left_out": facts["rows"] - used,
        "positives": positives,
        "lesions": facts["lesions"],
        "patients": facts["patients"],
        "lesions_known": facts.get("lesions_known"),
        "patients_known": facts.get("patients_known"),
        "parts": parts or [],
        "classes": facts["classes"],
        "digest": facts["digest"],
        "notes": facts["notes"],
    }


def _winners(trials: list[TrialRecord], frozen: selection_record.Selection) -> dict[str, list[TrialRecord]]:
    known = {(trial.cell, trial.number): trial for trial in trials}
    found: dict[str, list[TrialRecord]] = {}
    for winner in frozen.winners:
        found.setdefault(winner.cell, []).append(known[winner.cell, winner.trial])
    return found


def _json(path: Path) -> Any:
    return holdings.read_json(path, "Delete it and run again.") if path.is_file() else None
