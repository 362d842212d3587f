"""Where scores lie: one bar a method and class, positives above negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from study.report.figures.scale import Scale, tick_label
from study.report.figures.svg import Canvas
from study.report.formatting import number
from study.report.inputs.loaded_tables import ReportData

WIDTH, LABELS, ROW = 336, 150, 17


@dataclass(frozen=True, kw_only=True)
class Box:
    """Scores of one class (`positive`, `negative`) by one method at five ascending quantiles."""

    method: str
    kind: str
    quantiles: tuple[float, ...]


def score_boxes(data: ReportData, boxes: Sequence[Box]) -> Markup:
    """Bars on an axis from 0 to 1; those of negatives are pale."""
    height = ROW * len(boxes) + 44
    canvas = Canvas(WIDTH, height, "Scores by class: quantiles of each method")
    x = Scale(0.0, 1.0, LABELS, WIDTH - 12)
    bottom = height - 36
    ticks = x.ticks(4)
    for tick in ticks:
        canvas.line(x(tick), 2, x(tick), bottom, "grid")
        canvas.text(x(tick), bottom + 14, tick_label(tick, ticks), "tick", "middle")
    canvas.text((x.start + x.end) / 2, bottom + 29, "score", "name", "middle")
    for index, box in enumerate(boxes):
        _row(canvas, data, x, ROW * index + ROW / 2 + 2, box)
    return canvas.render()


def _row(canvas: Canvas, data: ReportData, x: Scale, y: float, box: Box) -> None:
    css = data.palette[box.method].css
    pale = "" if box.kind == "positive" else " pale"
    name = box.method if len(box.method) <= 14 else box.method[:13] + "…"
    low, first, median, third, high = box.quantiles
    title = f"{box.method}, {box.kind}: median {number(median)}, middle half {number(first)} to {number(third)}"
    canvas.text(0, y + 4, f"{name} {'+' if box.kind == 'positive' else '−'}", f"own {css}{pale}")
    canvas.path([(x(low), y), (x(high), y)], f"l {css} thin", title)
    canvas.rect(x(first), y - 4, x(third) - x(first), 8, f"fill {css}{pale}", title)
    canvas.line(x(median), y - 6, x(median), y + 6, "zero")
