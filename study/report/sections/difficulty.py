"""Were they easier to optimise? What the shared design points say about each method, at equal luck."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.report.figures.scale import robust_range, within
from study.report.figures.svg import Plot, spread
from study.report.formatting import fraction, listing, missing, number, percent
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, figure, fold, panels
from study.report.sections.firmness import design_table
from study.report.table import Table


def difficulty(data: ReportData) -> Section | None:
    """The difficulty table, validation value against budget, and parameter importance."""
    table = data.table("difficulty", "method", "fraction", "trials", "near_best", "spread", "epochs_to_95")
    curves = data.table("budget_curves", "method", "fraction", "iid", "trials", "value", "low", "high")
    importance = data.table("importance", "method", "fraction", "parameter", "importance")
    if table is None and curves is None:
        return None
    tables = [] if table is None else [difficulty_table(data, table)]
    files = []
    body = Markup("")
    if curves is not None:
        marked = "" if curves["iid"].all() else " Dashed: the sampler chose these trials, so any band is a guide only."
        body += Markup("<h3>Best validation value to expect after a number of trials</h3>")
        said = f"Line with its confidence band.{marked}{_of_a_search(data)}"
        body += Markup('<p class="note">{}</p>').format(said) + panels(
            [_curves(curves[curves["fraction"] == share], data, share) for share in data.fractions
             if (curves["fraction"] == share).any()]
        )  # fmt: skip
    paired = design_table(data)
    if paired is not None:
        files.append(paired)
        body += fold(paired.caption, paired.html())
    if importance is not None:
        files.append(importance_table(data, importance))
        body += fold("Which parameters matter", files[-1].html())
    return Section(
        id="difficulty",
        title="Were they easier to optimise?",
        lead="" if table is None else _lead(data, table),
        body=body,
        tables=tables,
        files=files,
        sources=(
            "difficulty.parquet",
            "design_differences.parquet",
            "budget_curves.parquet",
            "importance.parquet",
        ),
    )


def _of_a_search(data: ReportData) -> str:
    searches = data.context.budget.repeats
    return "" if searches == 1 else f" Trials of one search, averaged over the {searches} of each method."


def _lead(data: ReportData, table: pd.DataFrame) -> str:
    said = []
    for share in data.fractions:
        rows = {str(r["method"]): r for r in records(table[table["fraction"] == share])}
        shown = [f"{m} {percent(round(rows[m]['near_best'], 2))}" for m in data.methods if m in rows]
        if shown:
            said.append(f"with {fraction(share)}: {listing(shown)}")
    return f"Share of the shared configurations within one AUC point of the method's best: {'; '.join(said)}."


def difficulty_table(data: ReportData, table: pd.DataFrame) -> Table:
    """One row a cell."""
    ordered = data.ordered(table, "fraction", "method")
    rows = [
        [
            percent(r["fraction"]), str(r["method"]), number(r["trials"], 0), percent(round(r["near_best"], 3)),
            number(r["spread"]), number(r["epochs_to_95"], 1),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    return Table(
        name="difficulty",
        caption="The same configurations for every method",
        header=[
            "training images", "method", "configurations", "within 1 AUC point of the best", "spread (sd)",
            "epochs to 95\u00a0% of best",
        ],
        rows=rows,
        align="llrrrr",
        numbers=ordered,
        group=True,
    )  # fmt: skip


def _curves(rows: pd.DataFrame, data: ReportData, share: float) -> Markup:
    known = rows.dropna(subset=["value"])
    ends = pd.concat([known["value"], known["low"].dropna(), known["high"].dropna()])
    y = robust_range(ends, data.context.budget.less_is_better, worst=0.02)
    plot = Plot(f"Best validation value against trials, {fraction(share)}", (1.0, float(known["trials"].max())), y,
                width=336, height=250, right=86)  # fmt: skip
    plot.axes("trials", "best validation value", x_ticks=4)
    last: dict[str, float] = {}
    for (method, iid), found in known.groupby(["method", "iid"], sort=False):
        style, ordered = data.palette[str(method)], found.sort_values("trials")
        banded = ordered.dropna(subset=["low", "high"])
        there = [(plot.x(r["trials"]), plot.y(within(r["high"], y))) for r in records(banded)]
        back = [(plot.x(r["trials"]), plot.y(within(r["low"], y))) for r in reversed(records(banded))]
        plot.path(there + back, f"area {style.css}", close=True)
        dash = "" if iid else " dash"
        shown = [within(v, y) for v in ordered["value"]]
        plot.curve(ordered["trials"].tolist(), shown, f"l {style.css}{dash}", str(method))
        last[str(method)] = plot.y(shown[-1])
    places = spread(list(last.values()), 13, plot.y.end, plot.y.start)
    for name, at in zip(last, places, strict=True):
        plot.text(plot.x.end + 5, at + 4, name, f"own {data.palette[name].css}")
    return figure(plot.render(), f"Trained on {fraction(share)}")


def importance_table(data: ReportData, importance: pd.DataFrame) -> Table:
    """Importance of each parameter by method and fraction; shares add up to one in a cell."""
    wide = importance.pivot_table(index=["fraction", "method"], columns="parameter", values="importance").reset_index()
    ordered = data.ordered(wide, "fraction", "method")
    names = [str(name) for name in ordered.columns if name not in ("fraction", "method")]
    rows = [
        [percent(r["fraction"]), str(r["method"]), *("" if missing(r[n]) else percent(round(r[n], 2)) for n in names)]
        for r in records(ordered)
    ]
    return Table(
        name="importance",
        caption="Share of the validation value's variation that each parameter explains",
        header=["training images", "method", *names],
        rows=rows,
        align="ll" + "r" * len(names),
        numbers=ordered,
        group=True,
    )
