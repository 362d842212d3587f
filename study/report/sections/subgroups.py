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
OVER_SHARED = ", averaged over the classes of which every group of an attribute has enough patients or lesions"


def subgroups(data: ReportData) -> Section | None:
    """AUC by group on the in-distribution test set for the largest fraction; everything else in tables."""
    table = data.table(
        "subgroups", "method", "fraction", "dataset", "attribute", "group", "metric", "estimate", "low", "high"
    )
    if table is None:
        return None
    gaps = data.table("gaps", "method", "fraction", "dataset", "attribute", "metric", "gap", "low", "high")
    share, name, many = max(data.fractions), data.sets[0], data.table("per_class") is not None
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
        lead=f"AUC by group on {name}, trained on {fraction(share)}{OVER_SHARED if many else ''}. Pale: a {SMALL}, "
        "whose numbers carry little.",
        body=body,
        files=files,
        sources=("subgroups.parquet", "gaps.parquet", "gap_differences.parquet"),
        folded=True,
    )


def _panel(data: ReportData, attribute: str, rows: pd.DataFrame) -> Markup:
    what = "positive" if data.table("per_class") is None else "of the rarest class"
    marks = [(f"{group} ({_size(found, what)})", _marks(data, found)) for group, found in groups(rows, "group")]
    least = min((m.low for _, ms in marks for m in ms if not missing(m.low)), default=0.5)
    span = span_of(marks) if least > 0.3 else (0.3, 1.0)
    return figure(intervals(data, marks, span, "AUC"), attribute.replace("_", " "))


def _size(rows: pd.DataFrame, what: str) -> str:
    first = records(rows)[0]
    if missing(first.get("images")):
        return "size unknown"
    return f"{count(first['images'])} images, {count(first.get('positives'))} {what}"


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


def group_table(data: ReportData, table: pd.DataFrame, name: str = "subgroups") -> Table:
    """Every group, method, test set and metric, and class where the rows are of classes."""
    of_class = ["class"] if "class" in table.columns else []
    ordered = data.ordered(table, "fraction", "dataset", *of_class, "attribute", "group", "metric", "method")
    rows: list[list[Cell | str]] = [
        [
            str(r["dataset"]), str(r["method"]), percent(r["fraction"]), *[str(r[c]) for c in of_class],
            str(r["attribute"]), str(r["group"]), metric(str(r["metric"])), count(r.get("positives")),
            Cell(number(r["estimate"]), mark="s" if r.get("small") else ""), interval(r["low"], r["high"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = [
        "test set", "method", "training images", *of_class, "attribute", "group", "metric", "positives", "value",
        "95\u00a0% interval",
    ]  # fmt: skip
    caption = "Results by group of patients" + (", class by class" if of_class else "")
    align = "llr" + "l" * len(of_class) + "lllrrr"
    return Table(name, caption, header, rows, align, ordered, notes=(f"s: {SMALL}.",))


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
