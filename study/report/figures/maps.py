"""Features in two dimensions: one panel a test set, positives filled, negatives open, all others as a backdrop.

Of three classes and more each has a colour of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from study.report.figures.scale import Scale, padded
from study.report.figures.svg import Canvas
from study.report.inputs.loaded_tables import groups
from study.report.page import figure

SIZE = 240
COLUMNS, COLOURS = 3, 8


def feature_map(method: str, kind: str, points: pd.DataFrame, classes: Sequence[str]) -> list[Markup]:
    """Panels of one method. Axes have no meaning in such a map and are not drawn."""
    x = Scale(*padded(float(points["x"].min()), float(points["x"].max())), 4, SIZE - 4)
    legend = 14 * -(-len(classes) // COLUMNS) + 8 if len(classes) > 2 else 22
    y = Scale(*padded(float(points["y"].min()), float(points["y"].max())), SIZE - legend, 4)
    every = [(x(a), y(b)) for a, b in zip(points["x"], points["y"], strict=True)]
    return [
        figure(_panel(f"{kind} map of {method} on {name}", rows, every, classes, x, y), f"{method} · {name}")
        for name, rows in groups(points, "dataset")
    ]


def _panel(
    label: str, rows: pd.DataFrame, every: Sequence[tuple[float, float]], classes: Sequence[str], x: Scale, y: Scale
) -> Markup:
    canvas = Canvas(SIZE, SIZE, f"{label}: {len(rows)} images")
    canvas.dots(every, "dots backdrop")
    if len(classes) > 2:
        _classes(canvas, rows, classes, x, y)
        return canvas.render()
    top = int(rows["label"].max())
    for index, css in ((0, "dots square s1"), (top, "dots s2")):
        chosen = rows[rows["label"] == index]
        canvas.dots([(x(a), y(b)) for a, b in zip(chosen["x"], chosen["y"], strict=True)], css)
    for index, css, left in ((top, "s2", 8), (0, "s1", 108)):
        canvas.dots([(left, SIZE - 8)], f"dots {'square ' if css == 's1' else ''}{css}")
        canvas.text(left + 7, SIZE - 4, classes[index] if 0 <= index < len(classes) else index, f"own {css}")
    return canvas.render()


def _classes(canvas: Canvas, rows: pd.DataFrame, classes: Sequence[str], x: Scale, y: Scale) -> None:
    lines = -(-len(classes) // COLUMNS)
    for index, name in enumerate(classes):
        css = f"s{index % COLOURS}"
        chosen = rows[rows["label"] == index]
        canvas.dots([(x(a), y(b)) for a, b in zip(chosen["x"], chosen["y"], strict=True)], f"dots {css}")
        left = 8 + index % COLUMNS * (SIZE // COLUMNS)
        bottom = SIZE - 14 * (lines - 1 - index // COLUMNS)
        canvas.dots([(left, bottom - 8)], f"dots {css}")
        canvas.text(left + 6, bottom - 4, name if len(name) <= 11 else f"{name[:10]}…", f"own {css}")
