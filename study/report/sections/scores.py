"""The paper's table: every method, fraction and test set, with what the best may be confused with."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.comparison.metrics.metric import MAIN
from study.report.formatting import UNDEFINED, interval, listing, metric, missing, number, percent, plural
from study.report.inputs.context import Context
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import Estimate, Results, results
from study.report.page import Section, fold
from study.report.table import Cell, Table

SAME = "†"


def scores(data: ReportData) -> Section | None:
    """AUC mean ± sd with its interval, best in bold; the same table of every other metric folded."""
    found = results(data)
    if not found.estimates:
        return None
    metrics = list(dict.fromkeys(e.metric for e in found.estimates))
    chosen = data.context.metric
    main = score_table(data, found, chosen, _file(chosen)) if chosen in metrics else None
    others = [score_table(data, found, name, _file(name)) for name in metrics if name != chosen]
    body = Markup("").join(table.html() for table in others)
    names = listing([metric(name) for name in metrics if name != chosen])
    return Section(
        id="scores",
        title="The table",
        lead=_lead(data),
        body=(main.html() if main else Markup("")) + (fold(f"The same for {names}", body) if others else Markup("")),
        files=[table for table in (main, *others) if table],
        sources=("estimates.parquet", "differences.parquet"),
    )


def _file(name: str) -> str:
    return "auc" if name == MAIN else f"metric_{name}"


def _lead(data: ReportData) -> str:
    measure = "Area under the ROC curve"
    if data.context.metric != MAIN:
        words = metric(data.context.metric)
        measure = words[0].upper() + words[1:]
    elif data.table("per_class") is not None:
        measure = "Area under the ROC curve of each class against the rest, averaged over the classes that are there,"
    return f"{measure} of every method, by how many images it was trained on and where it was tested."


def variances(data: ReportData) -> str:
    """What an interval of re-trained models covers, and what may change more than it says."""
    searches = data.context.budget.repeats
    searched = "" if searches == 1 else (
        f", and for a new search of the hyperparameters (each method was tuned {searches} times over)")  # fmt: skip
    other = "another checkpoint, another search of the hyperparameters" if searches == 1 else (
        "another checkpoint, other validation images to choose hyperparameters by")  # fmt: skip
    return (
        "new patients and for new training runs from the same checkpoint on splits of the same images"
        f"{searched}: {other}, or other images to train on, may change more than it says."
    )


def _legend(data: ReportData, found: Results, name: str) -> str:
    counts = {(e.replicates, e.models) for e in found.estimates if e.replicates}
    replicates, models = next(iter(counts)) if len(counts) == 1 else (0, 0)
    many = f"{models} re-trained models" if models else "the re-trained models"
    if models > replicates > 1:
        many += f" ({made_of(data.context, replicates, models)})"
    shown = f"Mean ± standard deviation over {many}; in brackets the 95\u00a0% interval for {variances(data)}"
    return (
        shown
        if name != data.context.metric
        else f"{shown} Bold: the best of its column. {SAME}: not distinguishable from it."
    )


def made_of(context: Context, replicates: int, models: int) -> str:
    """What a replicate is the mean of."""
    pairs, searches = context.replicates, context.budget.repeats
    if not pairs:  # tables of someone else
        return f"{models // replicates} for each of {replicates} replicates"
    if searches == 1:
        return f"{models // replicates} winners on each of {replicates} (split, seed) pairs"
    winners = plural(models // pairs, "winner")
    return f"{winners} of each of {searches} searches, on {plural(pairs // searches, '(split, seed) pair')} each"


def score_table(data: ReportData, found: Results, name: str, file: str) -> Table:
    """One metric: rows are fraction × method, columns are test sets."""
    rows: list[list[Cell | str]] = []
    for fraction in data.fractions:
        bests = {dataset: found.best(fraction, dataset) for dataset in data.sets} if name == data.context.metric else {}
        same = {dataset: found.undistinguished(best) for dataset, best in bests.items() if best}
        for method in data.methods:
            estimates = [found.estimate(method, fraction, dataset, name) for dataset in data.sets]
            if not any(estimates):
                continue
            cells = [
                _cell(e, bests.get(dataset), same.get(dataset, set()))
                for e, dataset in zip(estimates, data.sets, strict=True)
            ]
            rows.append([percent(fraction), method, *cells])
    return Table(
        name=file,
        caption=f"{metric(name)[0].upper()}{metric(name)[1:]} by training fraction, method and test set",
        header=["training images", "method", *data.sets],
        rows=rows,
        align="ll" + "r" * len(data.sets),
        numbers=_numbers(data, found, name),
        notes=(_legend(data, found, name), *_threshold(data, name), *_shift(data), *_reasons(found, name)),
        group=True,
    )


CALIBRATED = (
    "Counts a score of 0.5 and more as positive (sensitivity and specificity) or takes scores as probabilities (Brier "
    "score, calibration error). Where a winner trained on balanced batches, its scores are too high for the test set's "
    "prevalence by design: methods may differ here for that setting alone. Read with the parameter `balanced` of the "
    "winners."
)
OWN_THRESHOLD = (
    "The threshold is taken from the test set's own labels: what one could have had, not what one would get."
)
CHOSEN = (
    "An image is given the class of the highest probability; every class that the test set has counts alike. Where a "
    "winner trained on balanced batches, rare classes are called more often than they occur by design."
)
AS_PROBABILITIES = (
    "Takes scores as probabilities. Where a winner trained on balanced batches, those of rare classes are too high by "
    "design."
)
CLASS_NOTES = {
    "balanced_accuracy": CHOSEN,
    "macro_f1": CHOSEN,
    "log_loss": f"{AS_PROBABILITIES} 0 is best; it has no upper bound.",
    "brier": f"{AS_PROBABILITIES} Half the sum over the classes of squared differences: 0 is best, 1 is worst.",
    "calibration_error": f"{AS_PROBABILITIES} The mean over the classes of each against the rest.",
}
NOTES = {
    "balanced_accuracy": CALIBRATED,
    "brier": CALIBRATED,
    "calibration_error": CALIBRATED,
    "sensitivity_at_90_specificity": OWN_THRESHOLD,
}


def _threshold(data: ReportData, name: str) -> tuple[str, ...]:
    notes = NOTES if data.table("per_class") is None else CLASS_NOTES
    if name == "balanced_accuracy" and data.table("operating_points") is not None:
        return (notes[name], "What methods do at thresholds chosen on validation is in “At the chosen thresholds”.")
    return (notes[name],) if name in notes else ()


def _shift(data: ReportData) -> tuple[str, ...]:
    shifted = [name for name in data.sets if name != data.home]
    if data.home not in data.sets or not shifted:
        return ()
    verb = "are shifted: other clinics, devices or patients" if len(shifted) > 1 else "is shifted"
    return (f"{data.home} is in distribution (the held-out part of the training data); {listing(shifted)} {verb}.",)


def _cell(estimate: Estimate | None, best: Estimate | None, same: set[str]) -> Cell:
    if estimate is None:
        return Cell(UNDEFINED)
    if missing(estimate.value):
        return Cell("undefined")
    spread = "" if missing(estimate.sd) else f" ± {number(estimate.sd)}"
    return Cell(
        f"{number(estimate.value)}{spread}",
        bold=best is not None and estimate.method == best.method,
        sub=interval(estimate.low, estimate.high),
        mark=SAME if estimate.method in same else "",
    )


def _reasons(found: Results, name: str) -> tuple[str, ...]:
    empty = [e for e in found.estimates if e.metric == name and missing(e.value) and e.reason]
    reasons = [f"{e.dataset}: {e.reason}" for e in empty]
    return tuple(dict.fromkeys(reasons))


def _numbers(data: ReportData, found: Results, name: str) -> pd.DataFrame:
    order = {method: index for index, method in enumerate(data.methods)}
    sets = {dataset: index for index, dataset in enumerate(data.sets)}
    chosen = [e for e in found.estimates if e.metric == name]
    chosen.sort(key=lambda e: (-e.fraction, order[e.method], sets[e.dataset]))
    columns = ["fraction", "method", "dataset", "metric", "value", "sd", "low", "high", "replicates", "reason"]
    return pd.DataFrame([{column: getattr(e, column) for column in columns} for e in chosen], columns=columns)
