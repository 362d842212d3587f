"""How much is lost out of distribution."""

from __future__ import annotations

import pandas as pd

from study.report.figures.intervals import Mark, intervals, span_of
from study.report.formatting import fraction, interval, metric, number, percent, signed
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, figure, panels
from study.report.table import Table


def robustness(data: ReportData) -> Section | None:
    """The drop of AUC from the in-distribution test set to every shifted one, a panel a fraction."""
    table = data.table("robustness", "method", "fraction", "dataset", "drop", "low", "high")
    if table is None:
        return None
    name = metric(data.context.metric)
    shown = {share: _drops(data, table[table["fraction"] == share]) for share in data.fractions}
    span = span_of([group for found in shown.values() for group in found], 0.0)
    figures = [
        figure(
            intervals(
                data,
                found,
                span,
                f"{name} lost against the in-distribution test set",
                reference=0.0,
            ),
            f"Trained on {fraction(share)}",
        )
        for share, found in shown.items()
        if found
    ]
    written = drop_table(data, table)
    return Section(
        id="robustness",
        title="Out of distribution",
        lead=_lead(data, table),
        body=panels(figures, wide=len(figures) < 3),
        files=(written,),
        sources=("robustness.parquet",),
    )


def _drops(data: ReportData, rows: pd.DataFrame) -> list[tuple[str, list[Mark]]]:
    found = []
    for name in data.sets:
        here = {str(r["method"]): r for r in records(rows[rows["dataset"] == name])}
        marks = [
            Mark(method, float(r["drop"]), float(r["low"]), float(r["high"]))
            for method in data.methods
            if (r := here.get(method)) is not None
        ]
        if marks:
            found.append((name, marks))
    return found


def _lead(data: ReportData, table: pd.DataFrame) -> str:
    means = table[table["fraction"] == max(data.fractions)].groupby("method")["drop"].mean().sort_values()
    if means.empty:
        return ""
    return (
        f"Trained on all images, {metric(data.context.metric)} falls by {number(means.iloc[0])} ({means.index[0]}) to "
        f"{number(means.iloc[-1])} ({means.index[-1]}) on average over the shifted test sets."
    )


def drop_table(data: ReportData, table: pd.DataFrame) -> Table:
    """The drops with their intervals."""
    ordered = data.ordered(table, "fraction", "dataset", "method")
    rows = [
        [
            percent(r["fraction"]),
            str(r["dataset"]),
            str(r["method"]),
            signed(-r["drop"]),
            interval(-r["high"], -r["low"], sign=True),
        ]
        for r in records(ordered)
    ]
    return Table(
        name="robustness",
        caption=f"Change of {metric(data.context.metric)} against the in-distribution test set",
        header=["training images", "test set", "method", "change", "95\u00a0% interval"],
        rows=rows,
        align="lllrr",
        numbers=ordered,
        group=True,
    )
