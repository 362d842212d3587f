"""Inline SVG by hand: a few kilobytes a figure, text stays text, and colours are the page's own CSS variables.

matplotlib writes colours into the file, so its figures cannot follow dark mode and print; plotly brings 4 MB of
script. The report needs points, lines, intervals and axes only.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from study.report.figures.scale import Scale, tick_label

MARKERS = ("circle", "square", "triangle", "diamond", "cross", "down", "plus", "bar")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class Canvas:
    """A drawing of `width` × `height` CSS pixels; `label` is read out in its place.

    It shrinks with the screen, and grows up to `grow` times where there is room.
    """

    def __init__(self, width: float, height: float, label: str, grow: float = 1.0) -> None:
        self.width, self.height, self.label, self.grow = width, height, label, grow
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """A straight line."""
        self._parts.append(f'<line class="{css}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def path(self, points: Sequence[tuple[float, float]], css: str, title: str = "", close: bool = False) -> None:
        """A polyline through the points."""
        if points:
            steps = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
            end = "Z" if close else ""
            self._parts.append(f'<path class="{css}" d="M{steps}{end}">{_title(title)}</path>')

    def dots(self, points: Sequence[tuple[float, float]], css: str) -> None:
        """Many points in one element; the line's cap and width in the style sheet give their shape and size."""
        if points:
            self._parts.append(f'<path class="{css}" d="{"".join(f"M{_n(x)} {_n(y)}h0" for x, y in points)}"/>')

    def rect(self, x: float, y: float, width: float, height: float, css: str, title: str = "") -> None:
        """A filled box."""
        box = f'x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
        self._parts.append(f'<rect class="{css}" {box}>{_title(title)}</rect>')

    def text(self, x: float, y: float, text: object, css: str = "", anchor: str = "start") -> None:
        """One line of text; `anchor` is start, middle or end."""
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(f'<text class="{css}" x="{_n(x)}" y="{_n(y)}"{side}>{escape(text)}</text>')

    def marker(self, x: float, y: float, kind: str, css: str, title: str = "", size: float = 4.0) -> None:
        """A point: shape as well as colour tells series apart."""
        if kind == "circle":
            self._parts.append(
                f'<circle class="{css}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}">{_title(title)}</circle>'
            )
            return
        s = size * 1.1
        shapes: dict[str, list[tuple[float, float]]] = {
            "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
            "triangle": [(0, -1.15), (1.05, 0.8), (-1.05, 0.8)],
            "down": [(0, 1.15), (1.05, -0.8), (-1.05, -0.8)],
            "diamond": [(0, -1.25), (1.1, 0), (0, 1.25), (-1.1, 0)],
            "bar": [(-0.45, -1.3), (0.45, -1.3), (0.45, 1.3), (-0.45, 1.3)],
            "plus": [(-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2),
                     (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)],
            "cross": [(-1.1, -0.6), (-0.6, -1.1), (0, -0.5), (0.6, -1.1), (1.1, -0.6), (0.5, 0), (1.1, 0.6),
                      (0.6, 1.1), (0, 0.5), (-0.6, 1.1), (-1.1, 0.6), (-0.5, 0)],
        }  # fmt: skip
        self.path([(x + dx * s, y + dy * s) for dx, dy in shapes[kind]], css, title, close=True)

    def render(self) -> Markup:
        """The `<svg>` element."""
        size = f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" style="max-width:{_n(self.width * self.grow)}px"'
        body = "".join(self._parts)
        return Markup(f'<svg {size} role="img" aria-label="{escape(self.label)}">{body}</svg>')


class Plot(Canvas):
    """A canvas with an x and a y axis. `left`, `top`, … are margins in CSS pixels."""

    def __init__(
        self,
        label: str,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        width: float = 336,
        height: float = 230,
        left: float = 44,
        right: float = 12,
        top: float = 22,
        bottom: float = 40,
        log_x: bool = False,
    ) -> None:
        super().__init__(width, height, label)
        self.x = Scale(*x, left, width - right, log=log_x)
        self.y = Scale(*y, height - bottom, top)

    def axes(self, x_title: str, y_title: str, x_ticks: int = 5, y_ticks: int = 5) -> None:
        """Light grid, tick labels, and titles: x below, y above the axis, so that neither is turned."""
        values = self.y.ticks(y_ticks)
        for value in values:
            self.line(self.x.start, self.y(value), self.x.end, self.y(value), "grid")
            self.text(self.x.start - 6, self.y(value) + 3.5, tick_label(value, values), "tick", "end")
        values = self.x.ticks(x_ticks)
        for value in values:
            self.line(self.x(value), self.y.start, self.x(value), self.y.start + 4, "axis")
            self.text(self.x(value), self.y.start + 16, tick_label(value, values), "tick", "middle")
        self.line(self.x.start, self.y.start, self.x.end, self.y.start, "axis")
        self.text((self.x.start + self.x.end) / 2, self.height - 6, x_title, "name", "middle")
        self.text(2, max(self.y.end - 8, 9), y_title, "name")

    def curve(self, xs: Sequence[float], ys: Sequence[float], css: str, title: str = "") -> None:
        """A line through data points."""
        self.path([(self.x(a), self.y(b)) for a, b in zip(xs, ys, strict=True)], css, title)


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to `wanted` as a gap between labels allows, within `low..high`."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    floor = low
    for index in order:
        placed[index] = max(wanted[index], floor)
        floor = placed[index] + gap
    ceiling = high
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed
