"""The top of the page: what a reader should know after ten seconds, and after one minute."""

from __future__ import annotations

from markupsafe import Markup

from study.report.formatting import count, listing, percent, plural
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import results
from study.report.page import Section
from study.report.sections.fairness import flags
from study.report.sections.headline import card, headlines


def facts(data: ReportData) -> list[str]:
    """One line of facts under the question: what was compared, on what, at what budget."""
    context, budget = data.context, data.context.budget
    found = [plural(len(data.methods), "method")]
    if data.fractions:
        found.append(f"training fractions {listing([percent(f) for f in data.fractions])}")
    if data.sets:
        found.append(plural(len(data.sets), "test set"))
    if budget.trials:
        epochs = f" of at most {plural(budget.max_epochs, 'epoch')}" if budget.max_epochs else ""
        found.append(f"{plural(budget.trials, 'trial')}{epochs} to tune each method at each fraction")
    if context.replicates:
        found.append(f"winners re-trained {context.replicates} times")
    if context.copies:
        found.append(f"scores averaged over {context.copies} augmented copies")
    if context.backbone:
        found.append(f"{context.backbone}{f' at {context.image_size} px' if context.image_size else ''}")
    return found


def answer(data: ReportData) -> Section | None:
    """A sentence a fraction, and four checks that decide how far to trust it."""
    cards = [card(head) for head in headlines(data, results(data))]
    said = Markup('<div class="answers">{}</div>').format(Markup("").join(cards)) if cards else Markup("")
    return Section(
        id="answer",
        title="The answer",
        body=said + _checks(data),
        sources=("estimates.parquet", "differences.parquet", "ledger.parquet", "context.json"),
    )


def _checks(data: ReportData) -> Markup:
    checks = [check for check in (_budget(data), _fair(data), _leaked(data), _peeked(data)) if check]
    items = Markup("").join(
        Markup('<li class="{}"><b>{}</b>{} <a href="#{}">More</a></li>').format(*check) for check in checks
    )
    return Markup('<ul class="checks">{}</ul>').format(items) if checks else Markup("")


Check = tuple[str, str, str, str]


def _budget(data: ReportData) -> Check | None:
    table = data.table("ledger", "complete", "pruned", "failed", "epochs")
    if table is None:
        return None
    spent = int(table[["complete", "pruned", "failed"]].sum().sum())
    planned = int(table["planned_trials"].sum()) if "planned_trials" in table.columns else spent
    text = f"{count(spent)} of {count(planned)} trials run, {count(table['epochs'].sum())} epochs."
    flagged = flags(data.table("ledger"))
    if flagged:
        text += f" {plural(len(flagged), 'cell')} got over 10 % more."
        return "warn", "Budget: spent unevenly", text, "fairness"
    return "ok", "Budget: spent evenly", text, "fairness"


def _fair(data: ReportData) -> Check | None:
    if data.context.unfair:
        names = listing([item.message or item.what for item in data.context.unfair])
        return "warn", f"Fairness: {plural(len(data.context.unfair), 'rule')} broken knowingly", f"{names}.", "fairness"
    if data.table("parity") is None:
        return None
    return "ok", "Fairness: no rule broken", "Same trials, epochs and search space for every method.", "fairness"


def _leaked(data: ReportData) -> Check | None:
    if data.context.leaks:
        names = listing([item.message or item.what for item in data.context.leaks])
        return "bad", f"Leaks: {len(data.context.leaks)} accepted", f"{names}.", "leaks"
    if data.context.audited:
        return (
            "ok",
            "Leaks: none accepted",
            "Train, validation and test share no image, lesion, patient or picture.",
            "leaks",
        )
    return None


def _peeked(data: ReportData) -> Check | None:
    if not data.context.test_reads:
        return None
    reopened = [read for read in data.context.test_reads if read.event != "read"]
    if reopened:
        text = f"The selection was changed {plural(len(reopened), 'time')} after test labels had been read."
        return "bad", "Peeks: selection reopened", text, "leaks"
    reads = plural(len(data.context.test_reads), "read")
    return "ok", "Peeks: none", f"Winners were frozen before the first of {reads} of test labels.", "leaks"
