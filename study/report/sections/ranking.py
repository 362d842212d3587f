"""Which method is best over all test sets, and how firmly: mean ranks and the probability of being best."""

from __future__ import annotations

import pandas as pd

from study.report.figures.intervals import Mark, intervals, span_of
from study.report.formatting import fraction, interval, number, percent
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, figure, fold, panels
from study.report.sections.firmness import stability_table
from study.report.table import Table


def ranking(data: ReportData) -> Section | None:
    """One panel a fraction: mean rank over the test sets with its interval, the probability of being best beside it."""
    table = data.table("ranking", "method", "fraction", "mean_rank", "low", "high", "p_best")
    if table is None:
        return None
    shown = {share: _marks(table, share) for share in data.fractions}
    span = span_of([("", marks) for marks in shown.values()], 1.0)
    figures = [
        figure(
            intervals(data, [("", marks)], span, "mean rank (1 is best)", digits=1),
            f"Trained on {fraction(share)}",
        )
        for share, marks in shown.items()
        if marks
    ]
    firm = stability_table(data)
    return Section(
        id="ranking",
        title="Ranking",
        lead=_lead(table, data),
        body=panels(figures, wide=len(figures) < 3) + (fold(firm.caption, firm.html()) if firm else ""),
        files=(ranking_table(data, table), *((firm,) if firm else ())),
        sources=("ranking.parquet", "stability.parquet", "selection_stability.parquet"),
    )


def _marks(table: pd.DataFrame, share: float) -> list[Mark]:
    rows = records(table[table["fraction"] == share].sort_values(["mean_rank", "method"]))
    return [
        Mark(
            str(r["method"]), float(r["mean_rank"]), float(r["low"]), float(r["high"]),
            note=f"· best {percent(round(r['p_best'], 2))}",
        )
        for r in rows
    ]  # fmt: skip


def _lead(table: pd.DataFrame, data: ReportData) -> str:
    said = []
    for share in data.fractions:
        rows = table[table["fraction"] == share]
        if len(rows):
            top = records(rows.sort_values(["p_best", "method"], ascending=[False, True]))[0]
            said.append(f"with {fraction(share)}, {top['method']} ({percent(round(top['p_best'], 2))})")
    return (
        f"Most probably the best over all test sets: {'; '.join(said)}. That is no test: among four equal methods one "
        "reaches 70 % in about one study of seven. Differences that hold stand above."
    )


def ranking_table(data: ReportData, table: pd.DataFrame) -> Table:
    """Mean rank and probability of being best."""
    ordered = table.sort_values(["fraction", "mean_rank", "method"], ascending=[False, True, True])
    rows = [
        [
            percent(r["fraction"]), str(r["method"]), number(r["mean_rank"], 2), interval(r["low"], r["high"], 2),
            percent(round(r["p_best"], 3)),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    return Table(
        name="ranking",
        caption="Mean rank over the test sets and probability of being best",
        header=["training images", "method", "mean rank", "95\u00a0% interval", "probability of being best"],
        rows=rows,
        align="llrrr",
        numbers=ordered,
        group=True,
    )
