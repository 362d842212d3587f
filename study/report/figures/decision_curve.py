"""Net benefit over threshold probabilities, one line a method, with a biopsy for everybody and for nobody."""

from __future__ import annotations

from itertools import groupby

import pandas as pd
from markupsafe import Markup

from study.report.figures.svg import Plot
from study.report.formatting import number, percent
from study.report.inputs.loaded_tables import ReportData, groups

EVERY = 5  # a marker each five thresholds tells the lines apart without colour


def decision_curve(data: ReportData, rows: pd.DataFrame, name: str) -> Markup:
    """One test set. Below zero the axis ends early: how bad a bad rule is does not matter."""
    top = max(float(rows["net_benefit"].max()), float(rows["treat_all"].max()), 0.01)
    span = (-0.25 * top, 1.06 * top)
    plot = Plot(f"Decision curves on {name}", (0.0, float(rows["threshold"].max())), span, height=250)
    plot.axes("threshold probability", "net benefit")
    plot.line(plot.x.start, plot.y(0), plot.x.end, plot.y(0), "zero")
    curves = dict(groups(rows.dropna(subset=["net_benefit"]), "method"))
    for method in [method for method in data.methods if method in curves]:
        style, found = data.palette[method], curves[method].sort_values("threshold")
        at, benefit = found["threshold"].tolist(), found["net_benefit"].tolist()
        _line(plot, at, benefit, f"l {style.css}", span[0], method)
        for x, y in list(zip(at, benefit, strict=True))[EVERY - 1 :: EVERY]:
            if y >= span[0]:
                title = f"{method} at {percent(x)}: {number(y)}"
                plot.marker(plot.x(x), plot.y(y), style.marker, f"fill {style.css}", title, 2.8)
    everybody = rows.drop_duplicates("threshold").sort_values("threshold")
    at, benefit = everybody["threshold"].tolist(), everybody["treat_all"].tolist()
    _line(plot, at, benefit, "all", span[0], "a biopsy for everybody")
    return plot.render()


def _line(plot: Plot, at: list[float], benefit: list[float], css: str, floor: float, title: str) -> None:
    """The curve where it is above the end of the axis, and one step below it."""
    above = [value >= floor for value in benefit]
    near = [any(above[max(place - 1, 0) : place + 2]) for place in range(len(above))]
    for kept, run in groupby(range(len(at)), key=near.__getitem__):
        places = list(run)
        if kept:
            plot.curve([at[place] for place in places], [max(benefit[place], floor) for place in places], css, title)
