"""The report's tables as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from study.report.exporters.exporter import Content, Places
from study.report.table import Table


def export(content: Content, places: Places) -> None:
    """Write the tables of all sections."""
    write_tables([table for section in content.sections for table in (*section.tables, *section.files)], places.tables)


def write_tables(tables: Sequence[Table], directory: Path) -> None:
    """`<name>.csv`, `.md` and `.tex` of every table, and `index.csv` that lists them.

    Files that an earlier index lists and that are not written now are removed: no table outlives its study.
    """
    directory.mkdir(parents=True, exist_ok=True)
    index = directory / "index.csv"
    stale = set(pd.read_csv(index)["table"]) if index.is_file() else set()
    for table in tables:
        for suffix, text in (("csv", table.csv()), ("md", table.markdown()), ("tex", table.latex())):
            (directory / f"{table.name}.{suffix}").write_text(text, encoding="utf-8", newline="\n")
    for name in stale - {table.name for table in tables}:
        for suffix in ("csv", "md", "tex"):
            (directory / f"{name}.{suffix}").unlink(missing_ok=True)
    listed = pd.DataFrame({"table": [t.name for t in tables], "caption": [t.caption for t in tables]})
    index.write_text(listed.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")
