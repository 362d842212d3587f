"""Dots with intervals: one row a method, in groups, the number written beside its mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from study.report.figures.scale import Scale, tick_label
from study.report.figures.svg import Canvas
from study.report.formatting import interval, missing, number
from study.report.inputs.loaded_tables import ReportData

WIDTH, LABELS, NUMBERS, ROW, HEAD = 360, 92, 118, 18, 21


@dataclass(frozen=True)
class Mark:
    """One row: a method's value, its interval (NaN: none), and a short note beside the number. `other`: a second value,
    drawn hollow and without a number."""

    method: str
    value: float
    low: float
    high: float
    note: str = ""
    pale: bool = False
    other: float = math.nan


def intervals(
    data: ReportData,
    groups: Sequence[tuple[str, Sequence[Mark]]],
    span: tuple[float, float],
    x_title: str,
    *,
    reference: float | None = None,
    digits: int = 3,
    shown: Callable[[float, int], str] = number,
) -> Markup:
    """Groups (heading, rows) below each other on one axis; `reference` draws a line that the eye compares with.

    Rows without a value stand with their note alone. Pale rows rest on few images.
    """
    height = sum((HEAD if heading else 4) + ROW * len(rows) for heading, rows in groups) + 42
    canvas = Canvas(WIDTH, height, f"{x_title} with intervals", grow=1.4)
    x = Scale(*span, LABELS + 6, WIDTH - NUMBERS)
    bottom = height - 36
    ticks = x.ticks(4)
    for tick in ticks:
        canvas.line(x(tick), 2, x(tick), bottom, "grid")
        canvas.text(x(tick), bottom + 14, tick_label(tick, ticks), "tick", "middle")
    if reference is not None and span[0] <= reference <= span[1]:
        canvas.line(x(reference), 2, x(reference), bottom, "zero")
    canvas.text((x.start + x.end) / 2, bottom + 29, x_title, "name", "middle")
    y = 0.0
    for heading, rows in groups:
        y += HEAD if heading else 4
        canvas.text(0, y - 6, heading, "b")
        for mark in rows:
            _row(canvas, data, x, y + ROW / 2 - 3, mark, digits, shown)
            y += ROW
    return canvas.render()


def _row(
    canvas: Canvas, data: ReportData, x: Scale, y: float, mark: Mark, digits: int, shown: Callable[[float, int], str]
) -> None:
    style = data.palette[mark.method]
    label = mark.method if len(mark.method) <= 16 else mark.method[:15] + "…"
    canvas.text(0, y + 4, label, f"own {style.css}")
    if missing(mark.value):
        canvas.text(WIDTH, y + 4, mark.note or "undefined", "num soft", "end")
        return
    known = not (missing(mark.low) or missing(mark.high))
    numbers = shown(mark.value, digits) + (f" {interval(mark.low, mark.high, digits)}" if known else "")
    numbers += f" {mark.note}" if mark.note else ""
    pale = " pale" if mark.pale else ""
    if known:
        canvas.path([(x(mark.low), y), (x(mark.high), y)], f"l {style.css}{pale}", f"{mark.method}: {numbers}")
    if not missing(mark.other):
        canvas.marker(
            x(mark.other), y, style.marker, f"open {style.css}", f"{mark.method}: {shown(mark.other, digits)}"
        )
    canvas.marker(x(mark.value), y, style.marker, f"fill {style.css}{pale}", f"{mark.method}: {numbers}")
    canvas.text(WIDTH, y + 4, numbers, "num" + (" soft" if mark.pale else ""), "end")


def span_of(groups: Sequence[tuple[str, Sequence[Mark]]], *include: float, least: float = 0.02) -> tuple[float, float]:
    """The range that holds all values and intervals, with a small margin."""
    marks = [mark for _, rows in groups for mark in rows]
    ends = [v for m in marks for v in (m.value, m.low, m.high, m.other) if not missing(v)] + list(include)
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    pad = max(high - low, least) * 0.04
    return low - pad, high + pad
