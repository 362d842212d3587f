"""Net benefit over threshold probabilities, one line a method, with a biopsy for everybody and for nobody."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.report.figures.svg import Plot
from study.report.formatting import number, percent
from study.report.inputs.loaded_tables import ReportData, groups, records

EVERY = 5  # a marker each five thresholds tells the lines apart without colour


def decision_curve(data: ReportData, rows: pd.DataFrame, name: str) -> Markup:
    """One test set. Below zero the axis ends early: how bad a bad rule is does not matter."""
    top = max(float(rows["net_benefit"].max()), float(rows["treat_all"].max()), 0.01)
    span = (-0.25 * top, 1.06 * top)
    plot = Plot(f"Decision curves on {name}", (0.0, float(rows["threshold"].max())), span, height=250)
    plot.axes("threshold probability", "net benefit")
    plot.line(plot.x.start, plot.y(0), plot.x.end, plot.y(0), "zero")
    curves = dict(groups(rows, "method"))
    for method in [method for method in data.methods if method in curves]:
        style, found = data.palette[method], curves[method].sort_values("threshold")
        _line(plot, found, "net_benefit", f"l {style.css}", span[0], method)
        for row in records(found.iloc[EVERY - 1 :: EVERY]):
            if row["net_benefit"] >= span[0]:
                title = f"{method} at {percent(row['threshold'])}: {number(row['net_benefit'])}"
                at = plot.x(row["threshold"]), plot.y(row["net_benefit"])
                plot.marker(*at, style.marker, f"fill {style.css}", title, 2.8)
    everybody = rows.drop_duplicates("threshold").sort_values("threshold")
    _line(plot, everybody, "treat_all", "all", span[0], "a biopsy for everybody")
    return plot.render()


def _line(plot: Plot, rows: pd.DataFrame, column: str, css: str, floor: float, title: str) -> None:
    """The curve where it is above the end of the axis, and one step below it."""
    above = rows[column] >= floor
    kept = above | above.shift(1, fill_value=False) | above.shift(-1, fill_value=False)
    for _, run in rows[kept].groupby((~kept).cumsum()[kept]):
        plot.curve(run["threshold"].tolist(), run[column].clip(lower=floor).tolist(), css, title)
