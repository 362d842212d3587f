"""What each method does at the thresholds that were chosen on validation, not at those that the test set would like."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from datasets.base.point_names import parsed_point
from study.comparison.operating_points.rules import point_label
from study.report.figures.intervals import Mark, intervals, span_of
from study.report.formatting import fraction, missing, number, text
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, figure, fold, panels, paragraph
from study.report.sections.operating_point_tables import DRAWN, NAMES, difference_table, point_table, shift_table

CHOSEN = (
    "Each re-trained model has its own threshold, chosen on its own validation images and frozen before any test label "
    "was read."
)
GIVEN = "Each model has the threshold that its prediction table gives; who made it says how it was chosen."
HOW = (
    "Intervals cover new patients and new training runs, for these validation images: models that share them, all or "
    "in part, err alike, and other validation images may change more than an interval says. Hollow: the test set's own "
    "optimum, what the same rule would choose on its labels, which nobody has beforehand."
)


def operating_points(data: ReportData) -> Section | None:
    """Sensitivity and specificity of the first operating point drawn; other points, tables and differences folded."""
    table = data.table(
        "operating_points", "method", "fraction", "dataset", "point", "measure", "estimate", "low", "high", "own"
    )
    if table is None:
        return None
    by_point = {str(point): table[table["point"] == point] for point in dict.fromkeys(table["point"])}
    first, *others = by_point
    tables = [point_table(data, rows, point) for point, rows in by_point.items()]
    known = GIVEN if data.context.sources else CHOSEN
    parts = [paragraph(f"{known} {HOW}", "note"), _figures(data, by_point[first], first)]
    parts += [fold(f"The same: {point_label(point)}", _figures(data, by_point[point], point)) for point in others]
    parts.append(fold("All values, with predictive values", Markup("").join(found.html() for found in tables)))
    for title, found in (
        ("Differences from the baseline", difference_table(data)),
        ("Change against the in-distribution test set", shift_table(data)),
    ):
        if found is not None:
            tables.append(found)
            parts.append(fold(title, found.html()))
    return Section(
        id="operating_points",
        title="At the chosen thresholds",
        lead=_lead(data, by_point[first], first),
        body=Markup("").join(parts),
        files=tables,
        sources=("operating_points.parquet", "operating_point_differences.parquet", "operating_point_shift.parquet"),
    )


def _lead(data: ReportData, rows: pd.DataFrame, point: str) -> str:
    parsed = parsed_point(point)
    shown = parsed[0] if parsed and parsed[0] in DRAWN else "sensitivity"
    other = DRAWN[1 - DRAWN.index(shown)]
    largest = rows[rows["fraction"] == rows["fraction"].max()]
    share = fraction(largest["fraction"].iloc[0])
    said = (
        f"Thresholds for {point_label(point)}{'' if data.context.sources else ' on validation'}, trained on {share}: "
    )
    home, away = largest[largest["dataset"] == data.home], largest[largest["dataset"] != data.home]
    if home.empty:
        return f"{said}{shown} is {_range(away, shown)} and {other} {_range(away, other)} on the test sets."
    said += f"on {data.home} {shown} is {_range(home, shown)} and {other} {_range(home, other)}"
    worst = away[(away["measure"] == shown) & away["estimate"].notna()].sort_values("estimate", kind="stable")
    if len(worst):
        row = worst.iloc[0]
        said += (
            f"; on shifted test sets {shown} is {_range(away, shown)}, lowest of {row['method']} on {row['dataset']}"
        )
    return f"{said}."


def _range(rows: pd.DataFrame, measure: str) -> str:
    values = rows.loc[rows["measure"] == measure, "estimate"].dropna()
    if values.empty:
        return "undefined"
    low, high = number(values.min(), 2), number(values.max(), 2)
    return low if low == high else f"{low} to {high}"


def _figures(data: ReportData, rows: pd.DataFrame, point: str) -> Markup:
    """Sensitivity and specificity beside each other; the largest fraction, the others folded."""
    shares = [share for share in data.fractions if (rows["fraction"] == share).any()]
    first, *others = [(share, _panels(data, rows[rows["fraction"] == share], point)) for share in shares]
    return first[1] + Markup("").join(fold(f"Trained on {fraction(share)}", shown) for share, shown in others)


def _panels(data: ReportData, rows: pd.DataFrame, point: str) -> Markup:
    parsed = parsed_point(point)
    found = []
    for measure in DRAWN:
        here = {(str(r["dataset"]), str(r["method"])): r for r in records(rows[rows["measure"] == measure])}
        marked = [(name, [_mark(here[name, m]) for m in data.methods if (name, m) in here]) for name in data.sets]
        filled = [(name, marks) for name, marks in marked if marks]
        target = parsed[1] if parsed and parsed[0] == measure else None
        low, high = span_of(filled, *([] if target is None else [target]))
        drawn = intervals(data, filled, (max(low, -0.01), min(high, 1.01)), NAMES[measure], reference=target)
        share = fraction(rows["fraction"].iloc[0])
        found.append(figure(drawn, f"{NAMES[measure].capitalize()} · threshold for {point_label(point)} · {share}"))
    return panels(found, wide=True)


def _mark(row: dict[str, Any]) -> Mark:
    return Mark(
        str(row["method"]), float(row["estimate"]), float(row["low"]), float(row["high"]),
        note=text(row.get("reason")) if missing(row["estimate"]) else "", other=float(row["own"]),
    )  # fmt: skip
