"""The report's curves as files of their own, for papers, slides and MLflow's artifact viewer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from datasets.base.atomic_files import write_text
from study.report.exporters.exporter import Content, Places
from study.report.page import Section, style_sheet

DRAWN = ("roc", "tuning")  # the sections whose figures are curves
_SVG = re.compile(r"<svg (?=[^>]*aria-label=\"[^\"]).*?</svg>", re.DOTALL)  # keys of colours carry no label


def write_figures(sections: Sequence[Section], directory: Path) -> list[Path]:
    """Write `<section>-<number>.svg` for every figure with curves, style sheet inside; returns the paths.

    Files of an earlier report that this one has no figure for are removed.
    """
    style = f"<style>{style_sheet()}</style>"
    written = []
    for section in sections:
        if section.id not in DRAWN:
            continue
        for number, found in enumerate(_SVG.findall(section.body), start=1):
            opening, body = found.split(">", maxsplit=1)
            head = opening.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
            path = directory / f"{section.id}-{number:02}.svg"
            write_text(path, f"{head}>{style}{body}\n")
            written.append(path)
    for old in set(directory.glob("*.svg")).difference(written):
        old.unlink()
    return written


def export(content: Content, places: Places) -> None:
    """Write the curves of all sections."""
    write_figures(content.sections, places.figures)
