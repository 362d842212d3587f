"""Leaks and peeks: what the audit found, who read test labels when, and data that are partial."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.report.formatting import UNDEFINED, count, plural
from study.report.inputs.context import TestRead
from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section, accepted, bullets, fold, paragraph
from study.report.sections.checks import leaked, peeked
from study.report.table import Table


def leaks(data: ReportData) -> Section | None:
    """Accepted leaks with their reasons, audit findings, the log of test reads, reopenings, partial data."""
    context = data.context
    partial = [f"{item.name}: {note}" for item in context.datasets for note in item.notes]
    if not (context.leaks or context.audit or context.test_reads or partial or context.audited):
        return None
    reads = [read for read in context.test_reads if read.event == "read"]
    reopened = [read for read in context.test_reads if read.event != "read"]
    body = Markup("")
    if context.leaks:
        body += Markup("<h3>Leaks that this study accepts, and why</h3>") + bullets(
            [accepted(item) for item in context.leaks]
        )
    stated = {item.what for item in context.leaks}
    others = [finding for finding in context.audit if finding.key not in stated]
    if others:
        body += Markup("<h3>What the leakage audit found besides</h3>") + bullets(
            [Markup("<b>{}</b>: {}").format(finding.key, finding.message) for finding in others]
        )
    elif context.audited or context.audit:
        body += paragraph("The leakage audit found nothing else.")
    if reopened:
        body += Markup("<h3>Selections changed after test labels had been read</h3>") + bullets(
            [
                Markup("{}: selection <code>{}</code> became <code>{}</code>. Reason given: “{}”").format(
                    read.time, read.selection, read.becomes, read.reason
                )
                for read in reopened
            ]
        )
    if partial:
        body += Markup("<h3>Partial, skipped or left-out data</h3>") + bullets(partial)
    table = _log(context.test_reads)
    if table is not None:
        counts = f"{plural(len(reads), 'read')}, {plural(len(reopened), 'reopening')}"
        body += fold(f"Log of test labels: {counts}", table.html())
    return Section(
        id="leaks",
        title="Leaks and peeks",
        lead=_lead(data),
        body=body,
        files=() if table is None else (table,),
        sources=("context.json",),
    )


def _lead(data: ReportData) -> str:
    return f"{leaked(data).text} {peeked(data).text}"


def _log(entries: tuple[TestRead, ...]) -> Table | None:
    if not entries:
        return None
    rows = [
        [
            entry.time or UNDEFINED,
            entry.event,
            entry.dataset or UNDEFINED,
            count(entry.images),
            entry.purpose or entry.reason or UNDEFINED,
            entry.selection,
        ]
        for entry in entries
    ]
    return Table(
        name="test_reads",
        caption="Every read of test labels and every reopening of the selection, oldest first",
        header=["time (UTC)", "event", "test set", "images", "purpose or reason", "under selection"],
        rows=rows,
        align="lllrll",
        numbers=pd.DataFrame([{**entry.model_dump(), "changed": "; ".join(entry.changed)} for entry in entries]),
    )
