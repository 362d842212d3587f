"""Tables beside the figures: how firm the ranking is, paired configurations, and gaps of methods set side by side."""

from __future__ import annotations

import pandas as pd

from study.report.formatting import interval, metric, missing, number, percent, probability, signed
from study.report.inputs.loaded_tables import ReportData, records
from study.report.table import Table


def stability_table(data: ReportData) -> Table | None:
    """Kendall's tau with the full ranking when a replicate, a test set, a winner, the rule or the budget changes."""
    columns = ("fraction", "varied", "setting", "tau", "best", "same_best")
    found = [
        table for name in ("stability", "selection_stability") if (table := data.table(name, *columns)) is not None
    ]
    if not found:
        return None
    ordered = pd.concat(found, ignore_index=True).sort_values("fraction", ascending=False, kind="stable")
    rows = [
        [
            percent(r["fraction"]), str(r["varied"]), str(r["setting"]), number(r["tau"], 2), str(r["best"]),
            "yes" if r["same_best"] else "no",
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = ["training images", "varied", "setting", "agreement (tau)", "best then", "same best"]
    note = (
        "Agreement: Kendall's tau with the ranking from everything (1: same order, −1: reversed). Selection rule and "
        "budget are about the ranking on the validation images."
    )
    return Table("stability", "How firm the ranking is", header, rows, "lllrll", ordered, notes=(note,), group=True)


def paired_gap_table(data: ReportData, name: str = "gap_differences") -> Table | None:
    """Does a method widen or narrow the gap between two groups, compared with the baseline? Class by class where the
    table is of classes."""
    found = data.table(
        name, "method", "other", "fraction", "dataset", "attribute", "metric", "best", "worst",
        "difference", "low", "high", "p_holm",
    )  # fmt: skip
    if found is None:
        return None
    of_class = ["class"] if "class" in found.columns else []
    ordered = data.ordered(found, "fraction", "dataset", *of_class, "attribute", "metric", "method")
    rows = [
        [
            percent(r["fraction"]), str(r["dataset"]), *[str(r[c]) for c in of_class], f"{r['best']} − {r['worst']}",
            metric(str(r["metric"])), f"{r['method']} − {r['other']}", signed(r["difference"]),
            interval(r["low"], r["high"], sign=True), probability(r["p_holm"]),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = [
        "training images", "test set", *of_class, "groups", "metric", "pair", "gap wider by", "95\u00a0% interval",
        "p (Holm)",
    ]  # fmt: skip
    note = "Groups: those served best and worst on average over all methods. Below zero: the gap is narrower."
    caption = "Gaps between groups, compared with the baseline" + (", class by class" if of_class else "")
    align = "ll" + "l" * len(of_class) + "lllrrr"
    return Table(name, caption, header, rows, align, ordered, notes=(note,), group=True)


def design_table(data: ReportData) -> Table | None:
    """The same configurations tried with two methods: who got further with them?"""
    found = data.table(
        "design_differences", "method", "other", "fraction", "configurations", "difference", "low", "high", "better"
    )
    if found is None:
        return None
    ordered = data.ordered(found, "fraction", "other", "method")
    rows = [
        [
            percent(r["fraction"]), f"{r['method']} − {r['other']}", number(r["configurations"], 0),
            signed(r["difference"]), interval(r["low"], r["high"], sign=True),
            "" if missing(r["better"]) else percent(round(r["better"], 3)),
        ]
        for r in records(ordered)
    ]  # fmt: skip
    header = ["training images", "pair", "configurations", "difference of AUC", "95\u00a0% interval", "better on"]
    note = "Validation AUC, paired by configuration; the interval is over configurations, not over patients."
    return Table(
        "design_differences", "The same configurations, method against method", header, rows, "llrrrr", ordered,
        notes=(note,), group=True,
    )  # fmt: skip
