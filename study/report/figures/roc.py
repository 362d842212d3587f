"""ROC curves, one panel a test set; the legend sits in the empty lower right corner, with each curve's AUC."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from study.comparison.metrics.metric import MAIN
from study.report.figures.svg import Plot
from study.report.formatting import number
from study.report.inputs.loaded_tables import ReportData, groups
from study.report.inputs.results import Results
from study.report.page import figure

POINTS = 120


def roc_panels(data: ReportData, results: Results, table: pd.DataFrame, fraction: float) -> list[Markup]:
    """One panel a test set for one training fraction, methods in the order of the study."""
    rows = table[table["fraction"] == fraction]
    return [_panel(data, results, rows[rows["dataset"] == name], fraction, name) for name in data.sets
            if (rows["dataset"] == name).any()]  # fmt: skip


def _panel(data: ReportData, results: Results, rows: pd.DataFrame, fraction: float, name: str) -> Markup:
    plot = Plot(f"ROC curves on {name}", (0.0, 1.0), (0.0, 1.0), height=300)
    plot.axes("1 − specificity", "sensitivity")
    plot.line(plot.x(0), plot.y(0), plot.x(1), plot.y(1), "diag")
    curves = dict(groups(rows, "method"))
    methods = [method for method in data.methods if method in curves]
    for method in methods:
        found = curves[method].sort_values(["fpr", "tpr"])
        step = max(1, len(found) // POINTS)
        kept = pd.concat([found.iloc[::step], found.iloc[[-1]]])
        plot.curve(kept["fpr"].tolist(), kept["tpr"].tolist(), f"l {data.palette[method].css}", method)
    _legend(plot, data, results, methods, fraction, name)
    return figure(plot.render(), name)


def _legend(plot: Plot, data: ReportData, results: Results, methods: Sequence[str], fraction: float, name: str) -> None:
    top = plot.y(0) - 14 * len(methods) - 2
    for index, method in enumerate(methods):
        estimate = results.estimate(method, fraction, name, MAIN)
        y = top + 14 * index + 10
        value = number(estimate.value) if estimate else ""
        plot.text(plot.x(1) - 40, y, method, f"own {data.palette[method].css}", "end")
        plot.text(plot.x(1) - 2, y, value, f"own {data.palette[method].css}", "end")
