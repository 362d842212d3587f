"""The report as one self-contained HTML page."""

from __future__ import annotations

from datasets.base.atomic_files import write_text
from study.report.exporters.exporter import Content, Places
from study.report.page import render
from study.report.sections.answer import facts


def export(content: Content, places: Places) -> None:
    """Write the page."""
    write_text(places.page, render(content.data, list(content.sections), facts(content.data), content.answer))
