"""What does it cost? Size, work and speed of every winner, what its tuning spent, and the main metric against both."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from study.report.figures.cost_scatter import cost_scatter, span_of
from study.report.formatting import count, fraction, metric, missing, number, percent, seconds, text
from study.report.inputs.loaded_tables import ReportData, records
from study.report.inputs.results import Estimate, Results, results
from study.report.page import Section, figure, panels, paragraph
from study.report.table import Table

MILLION, BILLION = 1e6, 1e9
AXES = {
    "seconds": ("What tuning took", "device-seconds", 1.0),
    "macs": ("The work of one image", "GMACs", BILLION),
}
"""Heading, unit and size of the unit by column."""


def costs(data: ReportData) -> Section | None:
    """The cost table of every cell, and one panel a test set and kind of cost, from the largest fraction."""
    table = data.table("costs", "method", "fraction", "parameters", "trained", "macs", "seconds")
    if table is None:
        return None
    found = results(data)
    share = data.fractions[0]
    rows = {str(row["method"]): row for row in records(table[table["fraction"] == share])}
    body = _figures(data, found, rows, share)
    if body:
        body = body + paragraph(
            f"Trained on {fraction(share)}. The line joins methods that no other beats at a lower cost; whether they "
            "differ at all, the differences above say.",
            "note",
        )
    return Section(
        id="costs",
        title="What it costs",
        lead=_lead(rows),
        body=body,
        tables=[cost_table(data, table)],
        sources=("costs.parquet", "estimates.parquet"),
    )


def _figures(data: ReportData, found: Results, rows: dict[str, dict[str, Any]], share: float) -> Markup:
    """One panel a test set; a cost that is the same for all methods has none."""
    known = {
        dataset: {m: e for m in data.methods if (e := found.estimate(m, share, dataset)) and not missing(e.value)}
        for dataset in data.sets
    }
    everything = [e for estimates in known.values() for e in estimates.values()]
    if not everything:
        return Markup("")
    span = span_of(everything)
    body = Markup("")
    for column, (heading, unit, size) in AXES.items():
        if len({row[column] for row in rows.values()}) < 2:
            continue
        figures = []
        for dataset, estimates in known.items():
            points: dict[str, tuple[float, Estimate]] = {
                m: (float(rows[m][column]) / size, e) for m, e in estimates.items() if m in rows and rows[m][column] > 0
            }
            if points:
                figures.append(figure(cost_scatter(data, points, unit, metric(data.context.metric), span), dataset))
        body += Markup("<h3>{}</h3>").format(_against(metric(data.context.metric), heading))
        body += panels(figures, wide=len(figures) < 3)
    return body


def _against(measure: str, heading: str) -> str:
    return f"{measure[0].upper()}{measure[1:]} against {heading[0].lower()}{heading[1:]}"


def _lead(rows: dict[str, dict[str, Any]]) -> str:
    if not rows:
        return ""
    by_time = sorted(rows.values(), key=lambda row: (float(row["seconds"]), str(row["method"])))
    least, most = by_time[0], by_time[-1]
    said = (
        f"Tuning took from {seconds(least['seconds'])} of device time ({least['method']}) to "
        f"{seconds(most['seconds'])} ({most['method']})."
    )
    work = sorted(rows.values(), key=lambda row: (float(row["macs"]), str(row["method"])))
    if work[0]["macs"] < work[-1]["macs"]:
        ratio = float(work[-1]["macs"]) / float(work[0]["macs"])
        small, large = work[0]["backbone"], work[-1]["backbone"]
        said += f" An image is {ratio:.3g} times as much work for {large} as for {small}."
    return said


def cost_table(data: ReportData, table: pd.DataFrame) -> Table:
    """Every cell's costs."""
    ordered = data.ordered(table, "fraction", "method")
    devices = list(dict.fromkeys(word for row in records(ordered) if (word := text(row.get("device")))))
    rows = [
        [
            percent(row["fraction"]), str(row["method"]), str(row.get("backbone", "")), count(row.get("image_size")),
            _millions(row["parameters"]), _millions(row["trained"]), number(row["macs"] / BILLION, 3),
            count(row.get("images_per_second")), count(row.get("epochs")), seconds(row["seconds"]),
            seconds(row.get("replicate_seconds")),
        ]
        for row in records(ordered)
    ]  # fmt: skip
    scored = f"Images/s: augmented copies scored a second, on {'; '.join(devices)}. " if devices else ""
    return Table(
        name="costs",
        caption="Cost of every cell's winner",
        header=[
            "training images", "method", "backbone", "pixels", "parameters, M", "trained, M", "GMACs an image",
            "images/s", "epochs of tuning", "device time of tuning", "one training",
        ],
        rows=rows,
        align="lllrrrrrrrr",
        numbers=ordered,
        group=True,
        notes=(f"{scored}GMACs: 10⁹ multiply-accumulates of one forward pass, counted by torch.",),
    )  # fmt: skip


def _millions(value: Any) -> str:
    """Three significant digits: `23.5`, `0.00103`."""
    if missing(value):
        return number(None)
    return "0" if value == 0 else f"{float(value) / MILLION:.3g}"
