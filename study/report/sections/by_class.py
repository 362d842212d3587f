"""Three classes and more, one by one: how well each is told from the rest, and what its images are taken for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from study.report.formatting import (
    UNDEFINED,
    interval,
    listing,
    missing,
    number,
    percent,
    probability,
    signed,
    text,
)
from study.report.formatting import metric as metric_name
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, fold
from study.report.sections.confusion_tables import confusion_matrices
from study.report.sections.firmness import paired_gap_table
from study.report.sections.subgroups import group_table
from study.report.table import Cell, Table

MEASURES = {
    "auroc": "AUC of each class against the rest",
    "sensitivity": "Sensitivity: the share of each class's images that are called by its name",
    "specificity": "Specificity: the share of all other images that are not called by its name",
}


def by_class(data: ReportData) -> Section | None:
    """AUC, sensitivity and specificity of every class, and the confusion matrices; None for two classes."""
    table = data.table("per_class", "method", "fraction", "dataset", "class", "metric", "estimate", "low", "high")
    if table is None:
        return None
    measures = [_measure(data, table, metric) for metric in MEASURES]
    matrices = confusion_matrices(data)
    first, *others = measures
    body = first.html() + fold("Sensitivity and specificity of each class", _joined(others))
    if matrices:
        body += _joined(matrices[:1])
        body += fold("All confusion matrices", _joined(matrices[1:]), long=True) if matrices[1:] else Markup("")
    table_of_differences = _differences(data)
    if table_of_differences is not None:
        body += fold("Differences from the baseline, class by class", table_of_differences.html())
    groups = _groups(data)
    for table_of_groups in groups:
        body += fold(table_of_groups.caption, table_of_groups.html(), long=True)
    return Section(
        id="classes",
        title="Class by class",
        lead=_lead(data, table),
        body=body,
        files=(*measures, *matrices, *([table_of_differences] if table_of_differences else []), *groups),
        sources=(
            "per_class.parquet",
            "confusion.parquet",
            "class_differences.parquet",
            "class_subgroups.parquet",
            "class_gap_differences.parquet",
        ),
    )


def _groups(data: ReportData) -> list[Table]:
    """Groups of patients class by class, and whether methods differ in the gaps between them."""
    single = data.table("class_subgroups", "class", "attribute", "group", "metric", "estimate", "low", "high")
    paired = paired_gap_table(data, "class_gap_differences")
    found = [] if single is None else [group_table(data, single, "class_subgroups")]
    return [*found, *([] if paired is None else [paired])]


def absent_classes(table: pd.DataFrame, dataset: str) -> list[str]:
    """The classes that a test set has no image of."""
    rows = table[(table["dataset"] == dataset) & (table["images"] == 0)]
    return [str(name) for name in rows["class"].drop_duplicates()]


def _joined(tables: Sequence[Table]) -> Markup:
    return Markup("").join(table.html() for table in tables)


def _lead(data: ReportData, table: pd.DataFrame) -> str:
    said = []
    for name in data.sets:
        lacking = absent_classes(table, name)
        if lacking:
            said.append(f"{name} has no image of {listing(lacking)}: its means are over the other classes.")
    return " ".join(["An image is given the class of the highest probability.", *said])


def _measure(data: ReportData, table: pd.DataFrame, metric: str) -> Table:
    """Rows are fraction × test set × method, columns are classes."""
    here = table[table["metric"] == metric]
    classes = [str(name) for name in here["class"].drop_duplicates()]
    found = {(r["fraction"], r["class"], r["method"], r["dataset"]): r for r in records(here)}
    rows: list[list[Cell | str]] = []
    for share in data.fractions:
        for dataset in data.sets:
            for method in data.methods:
                cells = [_cell(found.get((share, name, method, dataset))) for name in classes]
                rows.append([f"{percent(share)}, tested on {dataset}", method, *cells])
    return Table(
        name=f"class_{metric}",
        caption=MEASURES[metric],
        header=["training images", "method", *classes],
        rows=rows,
        align="ll" + "r" * len(classes),
        numbers=data.ordered(here, "fraction", "dataset", "method"),
        notes=("Mean over the re-trained models; in brackets the 95\u00a0% interval for new patients and runs.",),
        group=True,
    )


def _cell(row: dict[str, object] | None) -> Cell:
    if row is None:
        return Cell(UNDEFINED)
    if missing(row["estimate"]):
        return Cell("undefined", sub=text(row.get("reason")))
    return Cell(number(row["estimate"]), sub=interval(row["low"], row["high"]))


def _differences(data: ReportData) -> Table | None:
    """Every method against the baseline in every class."""
    columns = ("method", "other", "fraction", "dataset", "class", "metric", "difference", "low", "high", "p_holm")
    table = data.table("class_differences", *columns)
    if table is None:
        return None
    ordered = data.ordered(table, "fraction", "dataset", "method")
    rows: list[list[Cell | str]] = [
        [
            f"{percent(r['fraction'])} · {r['dataset']}",
            str(r["method"]),
            str(r["class"]),
            metric_name(r["metric"]),
            Cell(signed(r["difference"]), sub=interval(r["low"], r["high"], sign=True)),
            probability(r["p_holm"]),
        ]
        for r in records(ordered)
    ]
    return Table(
        name="class_differences",
        caption=f"Each class against the rest: difference from {ordered['other'].iloc[0]}",
        header=["training images and test set", "method", "class", "measure", "difference", "p (Holm)"],
        rows=rows,
        align="llllrr",
        numbers=ordered,
        notes=("p is corrected over all classes, methods, fractions and test sets of a measure.",),
        group=True,
    )
