"""A metric against a cost on a log axis: one marker a method, its interval upright through it."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from study.report.figures.scale import padded
from study.report.figures.svg import Plot, spread
from study.report.formatting import interval, number
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import Estimate

Points = Mapping[str, tuple[float, Estimate]]
"""Cost (> 0) and estimate by method."""
LABEL_GAP = 12.0  # CSS pixels between the names of two methods


def cost_scatter(
    data: ReportData,
    points: Points,
    x_title: str,
    y_title: str,
    span: tuple[float, float],
) -> Markup:
    """`span`: the range of the y axis, shared between panels.

    A line joins the methods that no other one beats at a lower or equal cost.
    """
    costs = [cost for cost, _ in points.values()]
    x = (min(costs) / 1.6, max(costs) * 1.6)
    height = max(230.0, 62 + LABEL_GAP * len(points))  # margins above and below, and a line for each name
    title = f"{y_title} against {x_title} of {len(points)} methods"
    plot = Plot(title, x, span, height=height, right=86, log_x=True)
    plot.axes(x_title, y_title, x_ticks=4)
    plot.path([(plot.x(cost), plot.y(e.value)) for _, cost, e in frontier(points)], "l s0 thin")
    order = list(points)
    heights = spread([plot.y(points[m][1].value) for m in order], LABEL_GAP, plot.y.end, plot.y.start)
    for method, height in zip(order, heights, strict=True):
        cost, e = points[method]
        style = data.palette[method]
        at = plot.x(cost)
        title = f"{method}: {number(e.value)} {interval(e.low, e.high)} at {cost:.3g}"
        if e.low == e.low and e.high == e.high:
            low, high = (min(max(v, span[0]), span[1]) for v in (e.low, e.high))
            plot.path([(at, plot.y(low)), (at, plot.y(high))], f"l {style.css} thin", title)
        plot.marker(at, plot.y(e.value), style.marker, f"fill {style.css}", title, 4.2)
        plot.path([(at + 6, plot.y(e.value)), (plot.x.end + 4, height)], "grid")
        plot.text(plot.x.end + 7, height + 3.5, method if len(method) <= 15 else method[:14] + "…", f"own {style.css}")
    return plot.render()


def frontier(points: Points) -> list[tuple[str, float, Estimate]]:
    """The methods that no other one beats at a lower or equal cost, the cheapest first."""
    found: list[tuple[str, float, Estimate]] = []
    for method, (cost, e) in sorted(points.items(), key=lambda item: (item[1][0], -item[1][1].value)):
        if not found or e.value > found[-1][2].value:
            found.append((method, cost, e))
    return found


def span_of(estimates: list[Estimate]) -> tuple[float, float]:
    """One y axis for all panels: all values, and the middle nine tenths of the intervals' ends."""
    values = [e.value for e in estimates]
    ends = sorted(end for e in estimates for end in (e.low, e.high) if end == end)
    cut = len(ends) // 20
    inner = ends[cut : len(ends) - cut] if len(ends) > 2 * cut else []
    return padded(min([*values, *inner]), max([*values, *inner]))
