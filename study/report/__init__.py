"""The report: comparison tables in, one self-contained HTML page and its tables (CSV, Markdown, LaTeX) out."""

from study.report.context import Context, ReportError
from study.report.write import write_report

__all__ = ["Context", "ReportError", "write_report"]
