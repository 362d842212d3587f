"""Tables of what methods do at the chosen thresholds, of their differences, and of what shifted test sets change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from study.comparison.operating_points.rules import point_label
from study.report.formatting import UNDEFINED, interval, missing, number, percent, plural, probability, signed
from study.report.inputs.loaded_tables import ReportData, records
from study.report.table import Cell, Table

NAMES = {
    "sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV",
    "biopsies_per_find": "biopsies per case found", "called": "called positive",
}  # fmt: skip
DRAWN = ("sensitivity", "specificity")
ALPHA = 0.05


def point_table(data: ReportData, rows: pd.DataFrame, point: str) -> Table:
    """All measures of one operating point: a row a training fraction, test set and method."""
    ordered = data.ordered(rows, "fraction", "dataset", "method")
    cells: list[list[Cell | str]] = []
    for (share, name, method), found in ordered.groupby(["fraction", "dataset", "method"], sort=False):
        by_measure = {str(r["measure"]): r for r in records(found)}
        given, own = (float(found[column].iloc[0]) for column in ("threshold", "own_threshold"))
        cells.append(
            [f"{percent(share)}, tested on {name}", str(method), number(given)]
            + [_cell(by_measure.get(measure)) for measure in NAMES]
            + [number(own), *(_own(by_measure.get(measure)) for measure in DRAWN)]
        )
    return Table(
        name=f"operating_point_{point}",
        caption=f"At the chosen thresholds: {point_label(point)}",
        header=[
            "training images", "method", "threshold", *NAMES.values(), "own optimum: threshold", "its sensitivity",
            "its specificity",
        ],
        rows=cells,
        align="ll" + "r" * (len(NAMES) + 4),
        numbers=ordered,
        notes=(
            f"Thresholds are means over the models. {at_prevalence(rows, 'PPV, NPV, biopsies and the share called')} "
            "Biopsies per case found: images called positive for each positive one among them. Own optimum: the "
            "same rule on the test set's own labels, what one could have had and not what one would get; it has no "
            "interval.",
        ),
        group=True,
    )  # fmt: skip


def at_prevalence(rows: pd.DataFrame, what: str) -> str:
    """At which share of positives something holds, in a sentence; older comparisons took each test set's own."""
    shares = rows.groupby("dataset", sort=False)["prevalence"].first() if "prevalence" in rows.columns else None
    if shares is None:
        return f"{what} hold at the test set's own share of positives."
    if len(set(shares)) == 1 and len(shares) > 1:
        return f"{what} are given for a share of positives of {percent(shares.iloc[0], 1)}."
    own = ", ".join(f"{percent(round(share, 3), 1)} of {name}" for name, share in shares.items())
    return f"{what} hold at the test set's share of positives: {own}."


def _cell(row: dict[str, Any] | None) -> Cell:
    if row is None or missing(row["estimate"]):
        return Cell(UNDEFINED)
    digits = 2 if row["measure"] == "biopsies_per_find" else 3
    return Cell(number(row["estimate"], digits), sub=interval(row["low"], row["high"], digits))


def _own(row: dict[str, Any] | None) -> str:
    return UNDEFINED if row is None else number(row["own"])


def difference_table(data: ReportData) -> Table | None:
    """Every method less the baseline, for each operating point and measure."""
    table = data.table(
        "operating_point_differences", "method", "other", "fraction", "dataset", "point", "measure", "difference"
    )
    if table is None:
        return None
    ordered = _by_point(data, table)
    rows = [
        [
            point_label(str(r["point"])), percent(r["fraction"]), str(r["dataset"]), f"{r['method']} − {r['other']}",
            NAMES[str(r["measure"])], signed(r["difference"]), interval(r["low"], r["high"], sign=True),
            probability(r["p"]), probability(r["p_holm"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    shown = int((ordered["p_holm"] < ALPHA).sum())
    interval_title = "95\u00a0% interval"
    return Table(
        name="operating_point_differences",
        caption="Differences from the baseline at the chosen thresholds",
        header=[
            "point", "training images", "test set", "pair", "measure", "difference", interval_title, "p", "p (Holm)",
        ],
        rows=rows,
        align="lllllrrrr",
        numbers=ordered,
        notes=(
            f"{plural(shown, 'difference')} of {len(ordered)} shown after Holm's correction over all methods, training "
            "fractions and test sets of a measure at a point.",
        ),
        group=True,
    )  # fmt: skip


def shift_table(data: ReportData) -> Table | None:
    """Sensitivity and specificity on shifted test sets less those on the in-distribution one."""
    table = data.table("operating_point_shift", "method", "fraction", "dataset", "point", "measure", "change")
    if table is None:
        return None
    ordered = _by_point(data, table[table["measure"].isin(DRAWN)])
    rows = [
        [
            point_label(str(r["point"])), percent(r["fraction"]), str(r["dataset"]), str(r["method"]),
            NAMES[str(r["measure"])], signed(r["change"]), interval(r["low"], r["high"], sign=True),
            probability(r["p"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    return Table(
        name="operating_point_shift",
        caption=f"Change against {data.home} at the same thresholds",
        header=["point", "training images", "test set", "method", "measure", "change", "95\u00a0% interval", "p"],
        rows=rows,
        align="lllllrrr",
        numbers=ordered,
        notes=("p is for one change read alone.",),
        group=True,
    )


def _by_point(data: ReportData, table: pd.DataFrame) -> pd.DataFrame:
    """The rows by operating point, in the order of the spec, then by fraction, test set and method."""
    order = {point: place for place, point in enumerate(dict.fromkeys(table["point"]))}
    ordered = data.ordered(table, "fraction", "dataset", "method")
    return ordered.sort_values("point", kind="stable", key=lambda column: column.map(order))
