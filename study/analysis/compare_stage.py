"""The comparison of a study: prediction tables and trials in, comparison tables and `context.json` out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from datasets.base.atomic_files import text_digest, write_text
from study.analysis import budget_ledger, trial_tables
from study.analysis.costs import costs
from study.analysis.optimism import optimism
from study.analysis.report_context import context, in_distribution, read_record
from study.base.errors import StudyError
from study.evaluation import prediction_tables
from study.plan import fairness_rules
from study.plan.cells import Plan
from study.preparation import test_labels
from study.protocol import holdings, protocol
from study.selection.edges import edges
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.store.trial_storage import study_trials


def compare(plan: Plan, directory: StudyDirectory) -> dict[str, pd.DataFrame]:
    """Write `comparison/*.parquet` and `comparison/context.json` of a study; returns the tables by name.

    Reads prediction tables, the trials, the frozen selection and the logs; neither checkpoints nor images nor test
    labels. Raises `StudyError` when a prediction table is missing or was altered.
    """
    from study.analysis.importance import importance
    from study.comparison import ComparisonError, compare, optimisation

    selection = selection_record.load(directory)
    holdings.required_data(directory)
    predictions = read_predictions(plan, directory)
    trials = study_trials(plan, directory)
    trial_table, curves = trial_tables.trials_table(plan, trials), trial_tables.curves_table(plan, trials)
    spec = plan.spec
    try:
        tables = compare(
            predictions,
            baseline=spec.methods[0].name,
            in_distribution=in_distribution(plan),
            metric=spec.compare.metric,
            margin=spec.compare.margin,
            prevalence=spec.compare.prevalence,
            draws=spec.compare.draws,
            seed=spec.seed,
        )
    except ComparisonError as error:
        raise StudyError(str(error)) from error
    tables |= optimisation(trial_table, curves, direction=spec.search.direction)
    tables["importance"] = importance(trial_table, direction=spec.search.direction)
    tables |= {
        "trials": trial_table,
        "curves": curves,
        "parity": fairness_rules.parity(plan),
        "ledger": budget_ledger.ledger(plan, trials),
    }
    tables["costs"] = costs(plan, directory, selection, tables["ledger"])
    tables["optimism"] = optimism(plan, directory, selection, tables["estimates"], in_distribution(plan))
    tables["edges"] = edges(plan, _winners(trials, selection))
    write_tables(directory.comparison, tables)
    write_text(directory.comparison / "context.json", context(plan, directory).model_dump_json(indent=1) + "\n")
    return tables


def read_predictions(plan: Plan, directory: StudyDirectory) -> pd.DataFrame:
    """All prediction tables of a study. Raises `StudyError` when one is missing, altered, or not of the selection."""
    digests = prediction_tables.verify(directory)
    expected = prediction_tables.expected_tables(plan, directory)
    missing = [path for path in expected if str(path.relative_to(directory.predictions)) not in digests]
    stale = [path for path, origin in expected.items() if not prediction_tables.is_made_from(path, origin)]
    for paths, problem in ((missing, "missing"), (stale, "made from another checkpoint, split or number of copies")):
        if paths:
            raise StudyError(
                f"A comparison needs all {len(expected)} prediction tables, but {len(paths)} are {problem}, the first "
                f"is {paths[0]}. Run `study evaluate {directory.root}`."
            )
    return pd.concat([pd.read_parquet(path) for path in expected], ignore_index=True)


def predictions_complete(plan: Plan, directory: StudyDirectory) -> bool:
    """Whether every prediction table of the selection exists and is up to date."""
    tables = prediction_tables.expected_tables(plan, directory)
    return all(prediction_tables.is_made_from(path, origin) for path, origin in tables.items())


def fingerprint(plan: Plan, directory: StudyDirectory) -> str:
    """Digest of all inputs of a comparison."""
    trials = study_trials(plan, directory)
    return text_digest(
        {
            "spec": plan.spec.digest,
            "selection": selection_record.load(directory).digest,
            "predictions": prediction_tables.recorded_digests(directory),
            "trials": [[trial.cell, trial.number, trial.state, trial.value, len(trial.epochs)] for trial in trials],
            "log": test_labels.log(directory),
            "protocol": None if (sealed := protocol.load(directory)) is None else sealed.digest,
            "audit": read_record(directory.audit),
            "data": read_record(directory.manifests),
        }
    )


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write every table as `<name>.parquet`; other tables, of an earlier comparison, are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.parquet"):
        if path.stem not in tables:
            path.unlink()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _winners(trials: list[TrialRecord], selection: selection_record.Selection) -> dict[str, list[TrialRecord]]:
    by_number = {(trial.cell, trial.number): trial for trial in trials}
    winners: dict[str, list[TrialRecord]] = {}
    for winner in selection.winners:
        winners.setdefault(winner.cell, []).append(by_number[winner.cell, winner.trial])
    return winners
