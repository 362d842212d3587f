"""One colour and one marker a method, the same in every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from study.report.figures.svg import MARKERS

COLOURS = 7  # classes s1…s7 in static/report.css; s0 is the baseline's grey


@dataclass(frozen=True)
class Style:
    """CSS class (`s3`) and marker of one method."""

    css: str
    marker: str


@dataclass(frozen=True)
class Palette:
    """Styles by method. The baseline is grey: the eye goes to what is compared with it."""

    styles: Mapping[str, Style]

    def __getitem__(self, method: str) -> Style:
        return self.styles.get(method, Style("s0", "circle"))


def palette(methods: Sequence[str], baseline: str | None) -> Palette:
    """Colours by the order of the study; past seven they repeat with another marker."""
    styles: dict[str, Style] = {}
    for index, method in enumerate(name for name in methods if name != baseline):
        turn = index // COLOURS
        styles[method] = Style(f"s{index % COLOURS + 1}", MARKERS[(index + turn) % len(MARKERS)])
    if baseline is not None:
        styles[baseline] = Style("s0", "circle")
    return Palette(styles)
