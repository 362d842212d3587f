"""From a comparison directory to the report, by every exporter."""

from __future__ import annotations

from pathlib import Path

from study.report.exporters.exporter import EXPORTERS, Content, Places
from study.report.inputs.loaded_tables import read_data
from study.report.sections import SECTIONS
from study.report.sections.answer import answer


def write_report(comparison_dir: Path, out: Path, tables_dir: Path, figures_dir: Path) -> None:
    """Write the report `out` (self-contained HTML), `tables_dir/<name>.{csv,md,tex}` and the curves as SVG files.

    The same input gives the same bytes. A table that is absent leaves its section out. Raises `ReportError` when the
    directory holds no table, or one that lacks columns.
    """
    data = read_data(Path(comparison_dir))
    sections = [section for _, build in SECTIONS.items() if (section := build(data)) is not None]
    content = Content(data=data, answer=answer(data), sections=sections)
    places = Places(page=Path(out), tables=Path(tables_dir), figures=Path(figures_dir))
    for _, export in EXPORTERS.items():
        export(content, places)
