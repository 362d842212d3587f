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
from study.preparation.spec_audit import look
from study.spec.model import StudySpec

SHOWN = ("sex", "age", "skin_tone")
_STYLE = {"error": "bold red", "warning": "yellow", "note": "dim"}


def print_audit(spec: StudySpec, console: Console | None = None) -> None:
    """Print findings and balance. Raises `StudyError` at the end where a leak is not accepted."""
    console = console or Console(soft_wrap=True, highlight=False, emoji=False)
    seen = look(spec)
    for finding in seen.findings:
        why = reason(spec, finding)
        label = "accepted" if why else finding.severity
        style = "cyan" if why else _STYLE[finding.severity]
        because = f" Accepted: {why}" if why else ""
        console.print(f"[{style}]{label:>8}[/] {escape(finding.key)}: {escape(finding.message + because)}")
    if not seen.findings:
        console.print("no image, lesion, patient or picture is on two sides")
    for table in _balance(seen.counts(spec)):
        console.print(table)
    leaks = refused(spec, seen.findings)
    if leaks:
        keys = ", ".join(finding.key for finding in leaks)
        raise StudyError(
            f"A study has no leak that it does not name, but the audit found {len(leaks)}: {keys}. Split the data "
            "anew, or list each under accept_leaks (what: the key, reason: why); the report repeats it."
        )


def print_decoded(found: list[Decoded], console: Console | None = None) -> None:
    """Print one line for each data set and node."""
    console = console or Console(highlight=False)
    table = Table("node", "data set", "images", "skipped", "MB", "seconds")
    for each in found:
        size = f"{each.nbytes / 1e6:,.1f}"
        table.add_row(each.host, each.name, f"{each.images:,}", str(each.skipped), size, f"{each.seconds:.1f}")
    console.print(table)


def _balance(counts: pd.DataFrame) -> Iterator[Table]:
    """One table in all and one for each subgroup that anything is known of: sets as rows, `images (positives)`."""
    facts = ("part", "subgroup", "value", "images", "lesions", "patients")
    classes = [name for name in counts.columns if name not in facts]
    shown = classes[-1:] if len(classes) == 2 else classes
    whole = counts[counts["subgroup"] == "all"]
    table = Table(Column("set", overflow="fold"), "images", *classes, "lesions", "patients")
    for _, row in whole.iterrows():
        table.add_row(row["part"], *(f"{row[name]:,}" for name in ("images", *classes, "lesions", "patients")))
    yield table
    for subgroup in SHOWN:
        rows = counts[counts["subgroup"] == subgroup]
        values = sorted(set(rows["value"]), key=lambda value: (value == "unknown", value))
        if values in ([], ["unknown"]):
            continue
        table = Table(
            Column(subgroup.replace("_", " "), overflow="fold"),
            *values,
            caption=f"images ({' / '.join(shown)})",
            caption_justify="left",
        )
        for part in whole["part"]:
            cells = rows[rows["part"] == part].set_index("value")
            table.add_row(part, *(_cell(cells, value, shown) for value in values))
        yield table


def _cell(cells: pd.DataFrame, value: str, shown: list[str]) -> str:
    if value not in cells.index:
        return "0"
    images, *classes = (int(cells[name][value]) for name in ("images", *shown))
    return f"{images:,} ({' / '.join(f'{count:,}' for count in classes)})"
