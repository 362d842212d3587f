"""How the search went: every trial's learning curve, and the learning rate against what it reached."""

from __future__ import annotations

from collections.abc import Set

import pandas as pd
from markupsafe import Markup

from study.report.figures.scale import robust_range, within
from study.report.figures.svg import Plot
from study.report.formatting import number, percent
from study.report.inputs.loaded_tables import ReportData, groups, records
from study.report.page import figure

POINTS = 80  # points a curve: one every four pixels


def learning_curves(
    data: ReportData, curves: pd.DataFrame, states: pd.DataFrame, metric: str, winners: Set[tuple[str, int]]
) -> list[Markup]:
    """One panel a cell: all its trials over epochs; stopped ones thin and grey, the selected one thick."""
    values = curves.loc[curves["metric"] == metric].dropna(subset=["value"])
    if values.empty:
        return []
    y = robust_range(values["value"], data.context.budget.less_is_better)
    x = (float(values["epoch"].min()), float(max(values["epoch"].max(), values["epoch"].min() + 1)))
    state = {(str(row["cell"]), int(row["number"])): str(row["state"]) for row in records(states)}
    return [
        _curve_panel(data, cell, group, x, y, metric, state, winners)
        for cell, group in sorted(groups(values, "cell"), key=lambda item: _order(data, item[1]))
    ]


def _curve_panel(
    data: ReportData,
    cell: str,
    group: pd.DataFrame,
    x: tuple[float, float],
    y: tuple[float, float],
    metric: str,
    state: dict[tuple[str, int], str],
    winners: Set[tuple[str, int]],
) -> Markup:
    method, fraction = str(group["method"].iloc[0]), float(group["fraction"].iloc[0])
    name = f"{method} · {percent(fraction)}"
    trials = {int(trial): rows.sort_values("epoch") for trial, rows in groups(group, "number")}
    stopped = [t for t in trials if state.get((cell, t)) in ("PRUNED", "FAIL")]
    plot = Plot(f"{metric} by epoch of {len(trials)} trials of {name}; {len(stopped)} stopped early", x, y, height=200)
    plot.axes("epoch", _title(metric), x_ticks=min(5, int(x[1] - x[0])))
    rank = {t: ((cell, t) in winners, t not in stopped) for t in trials}
    for trial in sorted(trials, key=lambda t: (rank[t], t)):
        rows = _thinned(trials[trial])
        chosen, full = rank[trial]
        colour = data.palette[method].css if chosen or full else "s0"
        css = f"l {colour} {'thick' if chosen else 'thin'}"
        shown = f"trial {trial}: {state.get((cell, trial), '').lower()}{', selected' if chosen else ''}"
        ys = [within(v, y) for v in rows["value"]]
        if len(rows) == 1:
            plot.marker(plot.x(float(rows["epoch"].iloc[0])), plot.y(ys[0]), "circle", f"{css} fill", shown, 1.6)
        plot.curve(rows["epoch"].tolist(), ys, css, shown)
    return figure(plot.render(), name)


def learning_rates(data: ReportData, trials: pd.DataFrame, column: str, objective: str) -> list[Markup]:
    """One panel a method: a parameter on a log axis against the best validation value; one marker a trial."""
    shown = trials.dropna(subset=[column, "value"])
    shown = shown.loc[shown[column] > 0]
    if shown.empty:
        return []
    low, high = float(shown[column].min()), float(shown[column].max())
    x = (low / 1.3, high * 1.3)
    y = robust_range(shown["value"], data.context.budget.less_is_better)
    found = []
    for method, group in sorted(groups(shown, "method"), key=lambda item: data.methods.index(item[0])):
        plot = Plot(f"{column} against {objective} of {len(group)} trials of {method}", x, y, height=200, log_x=True)
        plot.axes(_parameter(column), _title(objective), x_ticks=4)
        style = data.palette[str(method)]
        largest = max(group["fraction"])
        for row in records(group.sort_values(["fraction", "cell", "number"])):
            css = f"{'fill' if row['fraction'] == largest else 'open'} {style.css}"
            css += "" if row["state"] == "COMPLETE" else " pale"
            title = f"{percent(row['fraction'])}, trial {row['number']}: {number(row['value'])} at {row[column]:.2g}"
            plot.marker(plot.x(float(row[column])), plot.y(within(row["value"], y)), style.marker, css, title, 3.2)
        found.append(figure(plot.render(), str(method)))
    return found


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    step = -(-len(rows) // POINTS)
    return rows if step == 1 else pd.concat([rows.iloc[::step], rows.iloc[[-1]]]).drop_duplicates("epoch")


def _order(data: ReportData, group: pd.DataFrame) -> tuple[float, int]:
    return -float(group["fraction"].iloc[0]), data.methods.index(str(group["method"].iloc[0]))


def _title(metric: str) -> str:
    return {"val_auc": "validation AUC", "val_loss": "validation loss"}.get(metric, metric.replace("_", " "))


def _parameter(column: str) -> str:
    name = column.removeprefix("param.")
    return {"lr": "learning rate", "learning_rate": "learning rate"}.get(name, name.replace("_", " "))
