"""Do the methods treat groups of patients alike? AUC by group, gaps between groups; small groups are marked."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.comparison.metrics.metric import MAIN
from study.report.figures.intervals import Mark, intervals, span_of
from study.report.formatting import count, fraction, interval, metric, missing, number, percent, text
from study.report.inputs.loaded_tables import ReportData, groups, records
from study.report.page import Section, figure, fold, panels, paragraph
from study.report.sections.firmness import paired_gap_table
from study.report.table import Cell, Table

SMALL = "small group"


def subgroups(data: ReportData) -> Section | None:
    """AUC by group on the in-distribution test set for the largest fraction; everything else in tables."""
    table = data.table(
        "subgroups", "method", "fraction", "dataset", "attribute", "group", "metric", "estimate", "low", "high"
    )
    if table is None:
        return None
    gaps = data.table("gaps", "method", "fraction", "dataset", "attribute", "metric", "gap", "low", "high")
    share, name = max(data.fractions), data.sets[0]
    rows = table[(table["fraction"] == share) & (table["dataset"] == name) & (table["metric"] == MAIN)]
    figures = [_panel(data, str(attribute), found) for attribute, found in groups(rows, "attribute")]
    files = [group_table(data, table)]
    body = panels(figures, wide=True)
    if gaps is not None:
        files.append(gap_table(data, gaps))
        body += fold("Gaps between the best and the worst served group", files[-1].html())
    paired = paired_gap_table(data)
    if paired is not None:
        files.append(paired)
        body += fold(paired.caption, paired.html())
    body += paragraph("All groups, test sets and metrics are in the tables directory.", "note")
    return Section(
        id="subgroups",
        title="Groups of patients",
        lead=f"AUC by group on {name}, trained on {fraction(share)}. Pale: a {SMALL}, whose numbers carry little.",
        body=body,
        files=files,
        sources=("subgroups.parquet", "gaps.parquet", "gap_differences.parquet"),
        folded=True,
    )


def _panel(data: ReportData, attribute: str, rows: pd.DataFrame) -> Markup:
    marks = [(f"{group} ({_size(found)})", _marks(data, found)) for group, found in groups(rows, "group")]
    least = min((m.low for _, ms in marks for m in ms if not missing(m.low)), default=0.5)
    span = span_of(marks) if least > 0.3 else (0.3, 1.0)
    return figure(intervals(data, marks, span, "AUC"), attribute.replace("_", " "))


def _size(rows: pd.DataFrame) -> str:
    first = records(rows)[0]
    if missing(first.get("images")):
        return "size unknown"
    return f"{count(first['images'])} images, {count(first.get('positives'))} positive"


def _marks(data: ReportData, rows: pd.DataFrame) -> list[Mark]:
    here = {str(row["method"]): row for row in records(rows)}
    return [
        Mark(
            method, float(row["estimate"]), float(row["low"]), float(row["high"]),
            note=text(row.get("reason")) or "undefined" if missing(row["estimate"]) else "",
            pale=bool(row.get("small", False)),
        )
        for method in data.methods
        if (row := here.get(method)) is not None
    ]  # fmt: skip


def group_table(data: ReportData, table: pd.DataFrame) -> Table:
    """Every group, method, test set and metric."""
    ordered = data.ordered(table, "fraction", "dataset", "attribute", "group", "metric", "method")
    rows: list[list[Cell | str]] = [
        [
            str(r["dataset"]), str(r["method"]), percent(r["fraction"]), str(r["attribute"]), str(r["group"]),
            metric(str(r["metric"])),
            Cell(number(r["estimate"]), mark="s" if r.get("small") else ""), interval(r["low"], r["high"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = ["test set", "method", "training images", "attribute", "group", "metric", "value", "95\u00a0% interval"]
    return Table("subgroups", "Results by group of patients", header, rows, "llrlllrr", ordered,
                 notes=(f"s: {SMALL}.",))  # fmt: skip


def gap_table(data: ReportData, gaps: pd.DataFrame) -> Table:
    """Gaps between groups by method."""
    ordered = data.ordered(gaps, "fraction", "dataset", "attribute", "metric", "method")
    rows = [
        [
            percent(r["fraction"]), str(r["dataset"]), str(r["attribute"]), metric(str(r["metric"])),
            str(r["method"]), number(r["gap"]), interval(r["low"], r["high"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = ["training images", "test set", "attribute", "metric", "method", "gap", "95\u00a0% interval"]
    return Table("gaps", "Gaps between the best and the worst served group", header, rows, "lllllrr", ordered,
                 group=True)  # fmt: skip
