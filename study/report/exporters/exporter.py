"""What an exporter is: a form in which the report's content leaves, and the registry of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.base.registry import Registry
from study.report.inputs.context import ReportError
from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section


@dataclass(frozen=True, kw_only=True)
class Content:
    """What every exporter gets: the tables that were read, and the sections made from them."""

    data: ReportData
    answer: Section | None
    sections: Sequence[Section]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the files go."""

    page: Path
    tables: Path
    figures: Path


EXPORTERS: Registry[Callable[[Content, Places], None]] = Registry(
    "exporters",
    ReportError,
    {
        "html": "study.report.exporters.html:export",
        "tables": "study.report.exporters.table_files:export",
        "svg": "study.report.exporters.svg_files:export",
    },
)
