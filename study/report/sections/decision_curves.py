"""Is it worth deciding by the scores? Net benefit over thresholds, against a biopsy for all and for none."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from study.report.figures.decision_curve import decision_curve
from study.report.formatting import fraction, interval, listing, missing, number, percent, text
from study.report.inputs.loaded_tables import ReportData, groups, records
from study.report.page import Section, figure, fold, key, panels, paragraph
from study.report.sections.calibration import READINGS
from study.report.sections.operating_point_tables import at_prevalence
from study.report.table import Cell, Table

AT = (0.04, 0.1, 0.2, 0.3, 0.5)
"""Thresholds of the table: a miss weighs 24, 9, 4, 2.3 and 1 needless biopsies."""


def decision_curves(data: ReportData) -> Section | None:
    """A panel a test set for the reading that undoes most of what training did; other fractions, and the scores as they
    are, folded."""
    table = data.table(
        "decision_curves", "method", "fraction", "dataset", "reading", "threshold", "net_benefit", "low", "high",
        "treat_all",
    )  # fmt: skip
    if table is None:
        return None
    best = next(name for name in ("prior", "temperature", "raw") if (table["reading"] == name).any())
    shares = [share for share in data.fractions if (table["fraction"] == share).any()]
    places = dict.fromkeys([*((share, best) for share in shares), (shares[0], "raw")])
    shown = {
        (share, reading): _panels(data, table[(table["fraction"] == share) & (table["reading"] == reading)])
        for share, reading in places
    }
    (first, *others) = [place for place in shown if shown[place]]
    folded = [
        fold(f"Scores {READINGS[reading]}, trained on {fraction(share)}", panels(shown[share, reading]))
        for share, reading in others
    ]
    written = benefit_table(data, table)
    share, reading = first
    return Section(
        id="decision_curves",
        title="Decision curves",
        lead=_lead(data, table[(table["fraction"] == share) & (table["reading"] == reading)], reading),
        body=paragraph(
            "At a threshold of 10\u00a0% one holds a missed case to be as bad as nine needless biopsies. Net "
            "benefit: cases found less needless biopsies at that weight, for each image. Dashed: a biopsy for "
            f"everybody; the line at 0: for nobody. {at_prevalence(table, 'The curves')} "
            f"Scores {READINGS[reading]}; trained on {fraction(share)}.",
            "note",
        )
        + key(data, data.methods)
        + panels(shown[first])
        + fold("Net benefit with intervals", written.html())
        + Markup("").join(folded),
        files=(written,),
        sources=("decision_curves.parquet",),
    )


def _panels(data: ReportData, rows: pd.DataFrame) -> list[Markup]:
    found = sorted(groups(rows, "dataset"), key=lambda item: data.sets.index(item[0]))
    return [figure(decision_curve(data, here, str(name)), str(name)) for name, here in found]


def _lead(data: ReportData, rows: pd.DataFrame, reading: str) -> str:
    """Where deciding by the scores is better than a biopsy for all and for none, test set by test set."""
    said = []
    for name, here in sorted(groups(rows, "dataset"), key=lambda item: data.sets.index(item[0])):
        best = here.groupby("threshold")[["net_benefit", "treat_all"]].max()
        worth = best[(best["net_benefit"] > best["treat_all"]) & (best["net_benefit"] > 0)].index
        span = f"{percent(worth.min())} to {percent(worth.max())}" if len(worth) else "none"
        said.append(f"{name} {span}")
    return (
        "Thresholds at which deciding by the best method's scores is estimated to be worth more than a biopsy for "
        f"everybody and for nobody: {listing(said)}."
    )


def _beside(row: dict[str, Any]) -> str:
    """The interval, or why there is no value."""
    return text(row.get("reason")) if missing(row["net_benefit"]) else interval(row["low"], row["high"])


def benefit_table(data: ReportData, table: pd.DataFrame) -> Table:
    """Net benefit at a few thresholds."""
    ordered = data.ordered(table, "fraction", "dataset", "method")
    chosen = ordered[ordered["threshold"].isin(AT)]
    rows: list[list[Cell | str]] = []
    for (share, name), place in chosen.groupby(["fraction", "dataset"], sort=False):
        where = f"{percent(share)}, tested on {name}"
        everybody = place.drop_duplicates("threshold").sort_values("threshold")["treat_all"]
        rows.append([where, "a biopsy for everybody", "", *(number(value) for value in everybody)])
        for (method, reading), found in place.groupby(["method", "reading"], sort=False):
            cells = [Cell(number(r["net_benefit"]), sub=_beside(r)) for r in records(found.sort_values("threshold"))]
            rows.append([where, str(method), READINGS.get(str(reading), str(reading)), *cells])
    return Table(
        name="decision_curves",
        caption="Net benefit for each image, by threshold probability",
        header=["training images", "method", "reading", *(percent(at) for at in AT)],
        rows=rows,
        align="lll" + "r" * len(AT),
        numbers=ordered,
        notes=("A biopsy for nobody has a net benefit of 0.",),
        group=True,
    )
