"""Forest plot: differences with their intervals, one row each, the number written beside its mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from study.report.figures.scale import Scale, tick_label
from study.report.figures.svg import Canvas
from study.report.formatting import interval, probability, signed
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import Difference

Dots = Mapping[tuple[str, float, str], Sequence[float]]
"""Differences of single replicates by method, fraction and test set."""
WIDTH, LABELS, NUMBERS, ROW, HEAD = 360, 84, 130, 19, 22


def forest(
    data: ReportData,
    rows: Sequence[tuple[str, Sequence[Difference]]],
    span: tuple[float, float],
    unit: str,
    dots: Dots | None = None,
) -> Markup:
    """`rows` are groups (heading, differences); `span` is the range of the axis, shared between panels; `dots` the
    differences of the replicates, drawn where they lie within it.

    Filled: the difference is shown. Open: it is not. The shaded band is the margin of equivalence; `≈` stands before
    the number where the difference is shown to lie in it.
    """
    height = sum(HEAD + ROW * len(found) for _, found in rows) + 44
    shown = sum(d.shown for _, found in rows for d in found)
    total = sum(len(found) for _, found in rows)
    canvas = Canvas(
        WIDTH, height, f"Differences of {unit} from the baseline with intervals; {shown} of {total} shown", 1.4
    )
    x = Scale(*span, LABELS + 6, WIDTH - NUMBERS)
    bottom = height - 38
    margin = data.context.margin
    if margin:
        canvas.rect(x(-margin), 2, x(margin) - x(-margin), bottom - 2, "band", f"margin ±{margin:g}")
    ticks = x.ticks(4)
    for tick in ticks:
        canvas.line(x(tick), 2, x(tick), bottom, "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 14, tick_label(tick, ticks), "tick", "middle")
    y = 0.0
    for heading, found in rows:
        y += HEAD
        canvas.text(0, y - 6, heading, "b")
        for difference in found:
            own = (dots or {}).get((difference.method, difference.fraction, difference.dataset), [])
            canvas.dots([(x(value), y + ROW / 2 - 3) for value in own if span[0] <= value <= span[1]], "replicate")
            _row(canvas, data, x, y + ROW / 2 - 3, difference)
            y += ROW
    base = data.baseline or "baseline"
    canvas.text(x(0) - 6, bottom + 29, "← worse", "name", "end")
    canvas.text(x(0) + 6, bottom + 29, f"better than {base} →", "name")
    return canvas.render()


def _row(canvas: Canvas, data: ReportData, x: Scale, y: float, d: Difference) -> None:
    style = data.palette[d.method]
    label = d.method if len(d.method) <= 15 else d.method[:14] + "…"
    numbers = f"{signed(d.value)} {interval(d.low, d.high, sign=True)}"
    weight = {"shown": "num b", "equivalent": "num", "open": "num soft"}[d.verdict]
    title = f"{d.method} − {d.other} on {d.dataset}: {numbers}, p = {probability(d.p_adjusted)} (Holm)"
    canvas.text(0, y + 4, label, f"own {style.css}")
    if d.low == d.low and d.high == d.high:
        canvas.path([(x(d.low), y), (x(d.high), y)], f"l {style.css}", title)
    canvas.marker(x(d.value), y, style.marker, f"{'fill' if d.shown else 'open'} {style.css}", title, 4.2)
    canvas.text(WIDTH, y + 4, f"≈ {numbers}" if d.verdict == "equivalent" else numbers, weight, "end")
