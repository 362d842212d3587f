"""Who is better than the baseline, by how much, and how sure: the forest plot."""

from __future__ import annotations

import pandas as pd

from study.report.figures.forest import Dots, forest
from study.report.formatting import (
    UNDEFINED,
    fraction,
    interval,
    metric,
    missing,
    number,
    percent,
    plural,
    probability,
    signed,
)
from study.report.inputs.loaded_tables import ReportData, records
from study.report.inputs.results import Difference, Results, results
from study.report.page import Section, figure, fold, panels, paragraph
from study.report.sections.verdicts import within
from study.report.table import Table


def differences(data: ReportData) -> Section | None:
    """One forest plot a training fraction, test sets below each other; the table with p-values folded."""
    found = results(data)
    rows = {
        share: [(name, ds) for name in data.sets if (ds := found.against_baseline(share, name))]
        for share in data.fractions
    }
    every = [d for groups in rows.values() for _, ds in groups for d in ds]
    if not every:
        return None
    span = _span(every)
    dots = replicate_differences(data)
    figures = [
        figure(forest(data, groups, span, metric(data.context.metric), dots), f"Trained on {fraction(share)}")
        for share, groups in rows.items()
        if groups
    ]
    table = difference_table(data, found)
    margin, searches = data.context.margin, data.context.budget.repeats
    covered = "new training runs and new patients" if searches == 1 else (
        "new training runs, new patients and a new search of the hyperparameters")  # fmt: skip
    points = "the (split, seed) pairs" if searches == 1 else f"the {searches} searches"
    band = (
        f" Shaded: differences below {margin:g}, too small to matter; ≈: equivalent, shown to lie there (two one-sided "
        "tests, likewise corrected; the interval may reach a little further)."
        if margin
        else ""
    )
    return Section(
        id="differences",
        title="Differences from the baseline",
        lead=_lead(data, every),
        body=paragraph(
            f"Difference of {metric(data.context.metric)} with its 95\u00a0% interval, which covers {covered}. Filled: "
            f"shown (Holm-corrected over {plural(len(every), 'comparison')} with the baseline). Open: not shown. "
            f"Small dots: {points}.{band}",
            "note",
        )
        + panels(figures, wide=len(figures) < 3)
        + fold("All pairs, with p-values and what could have been shown", table.html()),
        files=(table,),
        sources=("differences.parquet", "replicate_values.parquet"),
    )


def _lead(data: ReportData, every: list[Difference]) -> str:
    better = sum(d.shown and d.value > 0 for d in every)
    worse = sum(d.shown and d.value < 0 for d in every)
    equivalent = sum(d.verdict == "equivalent" for d in every)
    left = len(every) - better - worse - equivalent
    verb = "is" if left == 1 else "are"
    return (
        f"Of {plural(len(every), 'comparison')} with {data.baseline}, {better} show a better method, {worse} a worse "
        f"one, {equivalent} equivalence{within(data.context.margin)}, and {left} {verb} open: no difference is "
        "shown, nor that there is none."
    )


def _verdict(d: Difference) -> str:
    return "shown, within margin" if d.shown and d.equivalent else d.verdict


def replicate_differences(data: ReportData) -> Dots:
    """AUC of each replicate less that of the baseline's with the same (split, seed), by method, fraction, test set."""
    table = data.table("replicate_values", "method", "fraction", "dataset", "metric", "replicate", "value")
    if table is None:
        return {}
    place = ["fraction", "dataset", "replicate"]
    base = table[table["method"] == data.baseline][[*place, "value"]]
    paired = table.merge(base, on=place, suffixes=("", "_base"))
    paired["gap"] = paired["value"] - paired["value_base"]
    found: dict[tuple[str, float, str], list[float]] = {}
    for row in records(paired):
        found.setdefault((str(row["method"]), float(row["fraction"]), str(row["dataset"])), []).append(row["gap"])
    return found


def _span(every: list[Difference]) -> tuple[float, float]:
    ends = [v for d in every for v in (d.low, d.high, d.value, 0.0) if not missing(v)]
    width = max(max(ends) - min(ends), 0.02)
    return min(ends) - 0.03 * width, max(ends) + 0.03 * width


HEADER = (
    "training images", "test set", "pair", "difference", "95\u00a0% interval", "p", "p (Holm)", "detectable",
    "verdict",
)  # fmt: skip


def difference_table(data: ReportData, found: Results, name: str | None = None) -> Table:
    """Every pair of methods on every test set, by the main metric where none is named."""
    name = name or data.context.metric
    sets = {name: index for index, name in enumerate(data.sets)}
    chosen = [d for d in found.differences if d.metric == name]
    chosen.sort(key=lambda d: (-d.fraction, sets[d.dataset], data.methods.index(d.other), data.methods.index(d.method)))
    rows = [
        [
            percent(d.fraction), d.dataset, f"{d.method} − {d.other}", signed(d.value),
            interval(d.low, d.high, sign=True), probability(d.p), probability(d.p_adjusted),
            number(d.detectable), _verdict(d),
        ]
        for d in chosen
    ]  # fmt: skip
    columns = ["fraction", "dataset", "method", "other", "metric", "value", "low", "high", "p", "p_adjusted",
               "detectable", "equivalent"]  # fmt: skip
    return Table(
        name="differences",
        caption=f"Differences of {metric(name)} between methods",
        header=HEADER,
        rows=rows,
        align="lllrrrrrl",
        numbers=pd.DataFrame([{c: getattr(d, c) for c in columns} for d in chosen], columns=columns),
        notes=(
            "Detectable: the smallest true difference that this study would have shown with 80 % power; – where it "
            "could not have shown any. Equivalent, within margin: the difference is shown to be smaller than "
            f"{data.context.margin or UNDEFINED} (two one-sided tests, Holm-corrected like p). p is for one comparison "
            "read alone. p (Holm) is corrected within its family: all comparisons with the baseline, or all other "
            "pairs. It comes from a distribution that holds at small levels too: with few replicates it is larger than "
            "p even in a family of one.",
        ),
        group=True,
    )
