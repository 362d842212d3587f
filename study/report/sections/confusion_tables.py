"""Confusion matrices as tables of the report."""

from __future__ import annotations

import pandas as pd

from study.report.formatting import fraction, missing
from study.report.inputs.loaded_tables import ReportData, records
from study.report.table import Cell, Table

SHAPE = ("class", "predicted", "share", "low", "high", "images")


def confusion_matrices(data: ReportData) -> list[Table]:
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
