"""The report's curves as files of their own, for papers, slides and MLflow's artifact viewer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from datasets.base.atomic_files import write_text
from study.report.exporters.exporter import Content, Places
from study.report.page import Section, style_sheet

NAMES = {
    "differences": "differences",
    "ranking": "ranking",
    "roc": "roc",
    "robustness": "robustness",
    "operating_points": "thresholds",
    "calibration": "calibration",
    "decision_curves": "decision-curves",
    "tuning": "learning",
    "difficulty": "budget",
}
"""Sections whose figures become files, and how these are called."""
_SVG = re.compile(r"<figcaption>(.*?)</figcaption>\s*(<svg (?=[^>]*aria-label=\"[^\"]).*?</svg>)", re.DOTALL)
_USE = re.compile(r"var\((--[\w-]+)\)")
_VARIABLE = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")


def write_figures(sections: Sequence[Section], directory: Path) -> list[Path]:
    """Write `<section>-<caption>.svg` for every figure, style sheet inside; returns the paths.

    Colours are written out: programs other than browsers know no CSS variables. Files of an earlier report that this
    one has no figure for are removed.
    """
    style = f"<style>{plain_style(style_sheet())}</style>"
    written: list[Path] = []
    for section in sections:
        if section.id not in NAMES:
            continue
        for caption, found in _SVG.findall(section.body):
            opening, body = found.split(">", maxsplit=1)
            head = opening.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
            path = _free(directory, f"{NAMES[section.id]}-{_slug(caption)}", written)
            write_text(path, f"{head}>{style}{body}\n")
            written.append(path)
    for old in set(directory.glob("*.svg")).difference(written):
        old.unlink()
    return written


def plain_style(css: str) -> str:
    """The style sheet with the light theme's variables replaced by their values, and without the dark theme."""
    css = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)
    values = {name: value.strip() for name, value in reversed(_VARIABLE.findall(css))}

    def value(found: re.Match[str]) -> str:
        return _USE.sub(value, values.get(found[1], "currentColor"))

    return _USE.sub(value, css)


def _slug(caption: str) -> str:
    text = re.sub(r"<[^>]*>|&[a-z]+;", " ", caption).replace("%", "pct")
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:60] or "figure"


def _free(directory: Path, name: str, written: Sequence[Path]) -> Path:
    """A path of this name that no other figure of the page has."""
    path, number = directory / f"{name}.svg", 1
    while path in written:
        number += 1
        path = directory / f"{name}-{number}.svg"
    return path


def export(content: Content, places: Places) -> None:
    """Write the curves of all sections."""
    write_figures(content.sections, places.figures)
