"""ROC curves per test set."""

from __future__ import annotations

from markupsafe import Markup

from study.report.figures.roc import roc_panels
from study.report.formatting import fraction
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import results
from study.report.page import Section, fold, panels


def roc(data: ReportData) -> Section | None:
    """Panels of the largest fraction; those of the others folded."""
    table = data.table("roc", "method", "fraction", "dataset", "fpr", "tpr")
    if table is None:
        return None
    found = results(data)
    shown = {share: roc_panels(data, found, table, share) for share in data.fractions}
    first, *others = [share for share in data.fractions if shown[share]]
    folded = [fold(f"Trained on {fraction(share)}", panels(shown[share])) for share in others]
    return Section(
        id="roc",
        title="ROC curves",
        lead=f"Trained on {fraction(first)}; mean over the re-trained models{_classes(data)}. The numbers are AUCs.",
        body=panels(shown[first]) + Markup("").join(folded),
        sources=("roc.parquet",),
    )


def _classes(data: ReportData) -> str:
    return "" if data.table("per_class") is None else " and over the classes, each against the rest"
