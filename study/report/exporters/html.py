"""From a comparison directory to one HTML file and its tables."""

from __future__ import annotations

import os
from pathlib import Path

from study.report.exporters.svg_files import write_figures
from study.report.exporters.table_formats import write_tables
from study.report.inputs.loaded_tables import read_data
from study.report.page import render
from study.report.sections import ANSWER, SECTIONS, facts


def write_report(comparison_dir: Path, out: Path, tables_dir: Path, figures_dir: Path) -> None:
    """Write the report `out` (self-contained HTML), `tables_dir/<name>.{csv,md,tex}` and the curves as SVG files.

    The same input gives the same bytes. A table that is absent leaves its section out. Raises `ReportError` when the
    directory holds no table, or one that lacks columns.
    """
    data = read_data(Path(comparison_dir))
    answer = ANSWER(data)
    found = [section for build in SECTIONS if (section := build(data)) is not None]
    text = render(data, found, facts(data), answer)
    write_tables([table for section in found for table in (*section.tables, *section.files)], Path(tables_dir))
    write_figures(found, Path(figures_dir))
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_name(f".{out.name}.{os.getpid()}")
    half.write_text(text, encoding="utf-8", newline="\n")
    os.replace(half, out)
