"""Do scores mean what they say? Reliability curves, and what temperature scaling and the undone prior change."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from study.report.figures.score_boxes import Box, score_boxes
from study.report.figures.svg import Plot
from study.report.formatting import UNDEFINED, fraction, interval, missing, number, percent, signed
from study.report.inputs.loaded_tables import ReportData, groups, records
from study.report.page import Section, figure, fold, key, panels, paragraph
from study.report.table import Cell, Table

READINGS = {"raw": "as scored", "temperature": "after temperature scaling", "prior": "with balanced sampling undone"}
ERRORS = {"calibration_error": "calibration error", "brier": "Brier score", "log_loss": "log loss"}


def calibration(data: ReportData) -> Section | None:
    """Reliability curves, a panel a test set; the table of measures; where the scores of each class lie."""
    table = data.table("calibration", "method", "fraction", "dataset", "predicted", "observed", "images")
    if table is None:
        return None
    shown = {share: _reliability(data, table[table["fraction"] == share]) for share in data.fractions}
    first, *others = [share for share in data.fractions if shown[share]]
    folded = [fold(f"Reliability, trained on {fraction(share)}", panels(shown[share])) for share in others]
    boxes = _boxes(data, first)
    if boxes:
        folded.append(fold("Where the scores of each class lie", boxes))
    measures = measure_table(data)
    return Section(
        id="calibration",
        title="Calibration",
        lead=f"On the dashed line a score of 0.3 means that 30\u00a0% of such images are {_positive(data)}; "
        f"below it, scores are too high. Trained on {fraction(first)}." + _found(data, first),
        body=key(data, data.methods) + panels(shown[first]) + _measures(measures) + Markup("").join(folded),
        files=(measures,) if measures else (),
        sources=("calibration.parquet", "calibration_measures.parquet", "score_distribution.parquet"),
        folded=measures is None,
    )


def _positive(data: ReportData) -> str:
    return "positive" if data.table("per_class") is None else "of the class (all classes together)"


def _reliability(data: ReportData, rows: pd.DataFrame) -> list[Markup]:
    found = []
    for name, here in sorted(groups(rows, "dataset"), key=lambda item: data.sets.index(item[0])):
        plot = Plot(f"Calibration on {name}", (0.0, 1.0), (0.0, 1.0), height=250)
        plot.axes("score", "share of positives")
        plot.line(plot.x(0), plot.y(0), plot.x(1), plot.y(1), "diag")
        for method, bins in groups(here, "method"):
            style = data.palette[method]
            ordered = bins.dropna(subset=["predicted", "observed"]).sort_values("predicted")
            plot.curve(ordered["predicted"].tolist(), ordered["observed"].tolist(), f"l {style.css}")
            for row in records(ordered):
                title = f"{method}: {row['images']:.0f} images"
                plot.marker(
                    plot.x(row["predicted"]), plot.y(row["observed"]), style.marker, f"fill {style.css}", title, 2.8
                )
        found.append(figure(plot.render(), str(name)))
    return found


def _table(data: ReportData) -> pd.DataFrame | None:
    return data.table(
        "calibration_measures", "method", "fraction", "dataset", "reading", "measure", "estimate", "low", "high"
    )


def _found(data: ReportData, share: float) -> str:
    """What temperature scaling did to the log loss, in distribution and elsewhere."""
    table = _table(data)
    if table is None:
        return " No thresholds or temperatures were chosen on validation for this study, so scores stand as they are."
    chosen = table[(table["fraction"] == share) & (table["measure"] == "log_loss")]
    wide = chosen.pivot_table(index=["dataset", "method"], columns="reading", values="estimate")
    if "temperature" not in wide.columns:
        return ""
    better = int((wide["temperature"] < wide["raw"]).sum())
    return (
        f" The temperature from validation lowers the log loss in {better} of {len(wide)} pairs of method and test set."
    )


def _measures(table: Table | None) -> Markup:
    if table is None:
        return Markup("")
    return paragraph(
        "Frozen before any test label was read: each model's temperature, fitted on its own validation images, and, "
        "where it was trained on balanced batches, the share of positives among its training images.",
        "note",
    ) + fold("Slope, level and errors of the scores, before and after", table.html())


def measure_table(data: ReportData) -> Table | None:
    """A row a training fraction, test set, method and reading."""
    table = _table(data)
    if table is None:
        return None
    ordered = data.ordered(table, "fraction", "dataset", "method")
    two = (ordered["measure"] == "slope").any()
    leading = ("slope", "in_the_large", "excess") if two else ()
    rows: list[list[Cell | str]] = []
    moved = _moved(ordered)
    for (share, name, method, reading), found in ordered.groupby(
        ["fraction", "dataset", "method", "reading"], sort=False
    ):
        by_measure = {str(r["measure"]): r for r in records(found)}
        if reading == "prior" and (share, name, method) not in moved:
            continue
        rows.append(
            [f"{percent(share)}, tested on {name}", str(method), READINGS.get(str(reading), str(reading))]
            + [_cell(by_measure.get(measure), sign=measure != "slope") for measure in leading]
            + [_cell(by_measure.get(measure)) for measure in ERRORS]
        )
    titles = ["slope", "log-odds too low by", "mean score − share of positives"] if two else []
    return Table(
        name="calibration_measures",
        caption="Calibration as scored, after temperature scaling, and with balanced sampling undone",
        header=["training images", "method", "reading", *titles, *ERRORS.values()],
        rows=rows,
        align="lll" + "r" * (len(leading) + len(ERRORS)),
        numbers=ordered,
        notes=(
            "Slope: of the labels' log-odds over those of the scores (logistic recalibration); 1 is right, below 1 "
            "scores are too extreme. Log-odds too low by: the intercept at a slope of 1; below 0 scores are too high "
            "on the whole, as the mean score less the share of positives says too. Calibration error, Brier score, log "
            "loss: 0 is best. Temperature scaling changes no ranking and no AUC.",
        )
        if two
        else ("0 is best. Temperature scaling changes no ranking and no AUC.",),
        group=True,
    )


def _moved(table: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Fraction, test set and method where one was trained on balanced batches, so that there is something to undo."""
    scores = table[table["measure"] == "mean_score"]
    wide = scores.pivot_table(index=["fraction", "dataset", "method"], columns="reading", values="estimate")
    if "prior" not in wide.columns:
        return set()
    return set(wide.index[(wide["prior"] - wide["raw"]).abs() > 1e-9])


def _cell(row: dict[str, Any] | None, sign: bool = False) -> Cell:
    if row is None or missing(row["estimate"]):
        return Cell(UNDEFINED)
    shown = signed(row["estimate"]) if sign else number(row["estimate"])
    return Cell(shown, sub=interval(row["low"], row["high"], sign=sign))


def _boxes(data: ReportData, share: float) -> Markup:
    """Quantiles of the scores of each class, a panel a test set."""
    table = data.table("score_distribution", "method", "fraction", "dataset", "class", "quantile", "score")
    if table is None:
        return Markup("")
    found = []
    here = table[table["fraction"] == share]
    for name, rows in sorted(groups(here, "dataset"), key=lambda item: data.sets.index(item[0])):
        boxes = []
        for method in data.methods:
            for kind in ("positive", "negative"):
                chosen = rows[(rows["method"] == method) & (rows["class"] == kind)].sort_values("quantile")
                if len(chosen):
                    boxes.append(Box(method=method, kind=kind, quantiles=tuple(chosen["score"])))
        found.append(figure(score_boxes(data, boxes), str(name)))
    note = "Bar: the middle half of the images; line: the middle nine tenths; tick: the median. Means over the models."
    return paragraph(note, "note") + panels(found)
