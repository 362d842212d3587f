"""Three classes and more, one by one: how well each is told from the rest, and what its images are taken for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from study.report.formatting import UNDEFINED, fraction, interval, listing, missing, number, percent, text
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, fold, paragraph
from study.report.table import Cell, Table

MEASURES = {
    "auroc": "AUC of each class against the rest",
    "sensitivity": "Sensitivity: the share of each class's images that are called by its name",
    "specificity": "Specificity: the share of all other images that are not called by its name",
}
SHAPE = ("class", "predicted", "share", "low", "high", "images")


def by_class(data: ReportData) -> Section | None:
    """AUC, sensitivity and specificity of every class, and the confusion matrices; None for two classes."""
    table = data.table("per_class", "method", "fraction", "dataset", "class", "metric", "estimate", "low", "high")
    if table is None:
        return None
    measures = [_measure(data, table, metric) for metric in MEASURES]
    matrices = _matrices(data)
    first, *others = measures
    body = first.html() + fold("Sensitivity and specificity of each class", _joined(others))
    if matrices:
        body += _joined(matrices[:1])
        body += fold("All confusion matrices", _joined(matrices[1:]), long=True) if matrices[1:] else Markup("")
    body += paragraph(
        "Groups of patients (age, sex, site, skin tone) are compared for two classes alone: a group has too few images "
        "of the rare classes, and means over other classes in every group would compare nothing.",
        "note",
    )
    return Section(
        id="classes",
        title="Class by class",
        lead=_lead(data, table),
        body=body,
        files=(*measures, *matrices),
        sources=("per_class.parquet", "confusion.parquet"),
    )


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
    """Rows are fraction × class × method, columns are test sets."""
    here = table[table["metric"] == metric]
    classes = [str(name) for name in here["class"].drop_duplicates()]
    found = {(r["fraction"], r["class"], r["method"], r["dataset"]): r for r in records(here)}
    rows: list[list[Cell | str]] = []
    for share in data.fractions:
        for name in classes:
            for method in data.methods:
                cells = [_cell(found.get((share, name, method, dataset))) for dataset in data.sets]
                rows.append([f"{name}, trained on {percent(share)}", method, *cells])
    return Table(
        name=f"class_{metric}",
        caption=MEASURES[metric],
        header=["class", "method", *data.sets],
        rows=rows,
        align="ll" + "r" * len(data.sets),
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


def _matrices(data: ReportData) -> list[Table]:
    """One a fraction, test set and method; that of the largest fraction, first test set and baseline comes first."""
    table = data.table("confusion", "method", "fraction", "dataset", *SHAPE)
    if table is None:
        return []
    keys = [(share, dataset, method) for share in data.fractions for dataset in data.sets for method in data.methods]
    parts = dict(list(table.groupby(["fraction", "dataset", "method"], sort=False)))
    return [_matrix(place, key, parts[key]) for place, key in enumerate(keys, start=1) if key in parts]


def _matrix(index: int, key: tuple[float, str, str], rows: pd.DataFrame) -> Table:
    share, dataset, method = key
    predicted = [str(name) for name in rows["predicted"].drop_duplicates()]
    shown: list[list[Cell | str]] = []
    for name, of_class in rows.groupby("class", sort=False):
        cells = {str(r["predicted"]): r for r in records(of_class)}
        images = int(of_class["images"].iloc[0])
        shown.append([f"{name} ({images:,})", *(_share(cells[other], other == name) for other in predicted)])
    return Table(
        name=f"confusion_{index}",
        caption=f"Confusion matrix of {method} on {dataset}, trained on {fraction(share)}",
        header=["class (images)", *predicted],
        rows=shown,
        align="l" + "r" * len(predicted),
        numbers=rows[["method", "fraction", "dataset", *SHAPE]],
        notes=(
            "A row is a class, its cells the shares of its images that are called by the name above them: means over "
            "the re-trained models, with 95\u00a0% intervals. Bold: called by their own name.",
        ),
    )


def _share(row: dict[str, object], own: bool) -> Cell:
    shown = f"{100 * float(str(row['share'])):.0f}\u00a0%"
    sub = f"{100 * float(str(row['low'])):.0f}–{100 * float(str(row['high'])):.0f}" if not missing(row["low"]) else ""
    return Cell(shown, bold=own, sub=sub)
