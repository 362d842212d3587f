"""What `study data audit` and `study data prepare` print."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from study.base.errors import StudyError
from study.preparation.decode_on_nodes import Decoded
from study.preparation.leakage import reason, refused
from study.preparation.spec_audit import audit_spec
from study.spec.model import StudySpec

SUBGROUPS = ("sex", "age", "skin_tone")
CONFLICTS = 5
"""Contradictions that are listed of each kind; the rest are counted."""
_STYLE = {"error": "bold red", "warning": "yellow", "note": "dim"}


def print_audit(spec: StudySpec, console: Console | None = None) -> None:
    """Print findings and balance. Raises `StudyError` at the end where a leak is not accepted."""
    console = console or Console(soft_wrap=True, highlight=False, emoji=False)
    audit = audit_spec(spec)
    for finding in audit.findings:
        accepted = reason(spec, finding)
        label = "accepted" if accepted else finding.severity
        style = "cyan" if accepted else _STYLE[finding.severity]
        suffix = f" Accepted: {accepted}" if accepted else ""
        console.print(f"[{style}]{label:>8}[/] {escape(finding.key)}: {escape(finding.message + suffix)}")
    if not audit.findings:
        console.print("no image, lesion, patient or picture is on two sides")
    for table in (*_conflicts(audit.conflicts()), *_balance(audit.counts(spec))):
        console.print(table)
    leaks = refused(spec, audit.findings)
    if leaks:
        keys = ", ".join(finding.key for finding in leaks)
        raise StudyError(
            f"A study has no leak that it does not name, but the audit found {len(leaks)}: {keys}. Split the data "
            "anew, or list each under accept_leaks (what: the key, reason: why); the report repeats it."
        )


def print_decoded(datasets: list[Decoded], console: Console | None = None) -> None:
    """Print one line for each data set and node."""
    console = console or Console(highlight=False)
    table = Table(
        Column("node", overflow="fold"), Column("data set", overflow="fold"), "images", "skipped", "MB", "seconds"
    )
    for data in datasets:
        size = f"{data.nbytes / 1e6:,.1f}"
        table.add_row(data.host, data.name, f"{data.images:,}", str(data.skipped), size, f"{data.seconds:.1f}")
    console.print(table)


def _conflicts(found: pd.DataFrame) -> Iterator[Table]:
    """The first contradictions of each kind."""
    if found.empty:
        return
    table = Table("conflict", Column("of", overflow="fold"), "says", Column("images", overflow="fold"))
    for kind, rows in found.groupby("conflict", sort=False):
        for row in rows.head(CONFLICTS).itertuples(index=False, name=None):
            table.add_row(*(escape(str(value)) for value in row))
        if len(rows) > CONFLICTS:
            table.add_row(str(kind), f"and {len(rows) - CONFLICTS:,} more", "", "")
    yield table


def _balance(counts: pd.DataFrame) -> Iterator[Table]:
    """One table in all and one a subgroup that has values: sets as rows, `images (positives)`."""
    counted = ("part", "subgroup", "value", "images", "lesions", "patients")
    classes = [name for name in counts.columns if name not in counted]
    columns = classes[-1:] if len(classes) == 2 else classes
    totals = counts[counts["subgroup"] == "all"]
    table = Table(Column("set", overflow="fold"), "images", *classes, "lesions", "patients")
    for _, row in totals.iterrows():
        table.add_row(row["part"], *(f"{row[name]:,}" for name in ("images", *classes, "lesions", "patients")))
    yield table
    for subgroup in SUBGROUPS:
        rows = counts[counts["subgroup"] == subgroup]
        values = sorted(set(rows["value"]), key=lambda value: (value == "unknown", value))
        if values in ([], ["unknown"]):
            continue
        table = Table(
            Column(subgroup.replace("_", " "), overflow="fold"),
            *values,
            caption=f"images ({' / '.join(columns)})",
            caption_justify="left",
        )
        for part in totals["part"]:
            cells = rows[rows["part"] == part].set_index("value")
            table.add_row(part, *(_cell(cells, value, columns) for value in values))
        yield table


def _cell(cells: pd.DataFrame, value: str, columns: list[str]) -> str:
    if value not in cells.index:
        return "0"
    images, *classes = (int(cells[name][value]) for name in ("images", *columns))
    return f"{images:,} ({' / '.join(f'{count:,}' for count in classes)})"
