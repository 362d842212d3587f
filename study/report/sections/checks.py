"""The checks at the top of the page: each a function of the data, with three answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from study.report.formatting import count, listing, percent, plural
from study.report.inputs.context import DataSet
from study.report.inputs.loaded_tables import ReportData
from study.report.sections.fairness import differing, flags

Answer = Literal["holds", "broken", "not checkable"]
SAID = 2  # broken rules that a card names; its section has all


@dataclass(frozen=True, kw_only=True)
class Check:
    """A claim about how the study was made. `section` is where the page says more (empty: nowhere); `grave`: where
    it is broken, the result is in doubt."""

    title: str
    answer: Answer
    text: str
    section: str
    grave: bool = True

    @property
    def css(self) -> str:
        """The class that colours it."""
        if self.answer == "holds":
            return "ok"
        return "bad" if self.answer == "broken" and self.grave else "warn"


def checks(data: ReportData) -> list[Check]:
    """Budget, fairness, leaks, peeks: always all four, so that a missing record shows; and runs that collapsed."""
    return [budget(data), fair(data), leaked(data), peeked(data), *fell(data)]


def budget(data: ReportData) -> Check:
    """Whether every method spent about the same in tuning."""
    table = data.table("ledger", "complete", "pruned", "failed", "epochs")
    if table is None:
        return _unknown("Budget", "no ledger came with these tables")
    spent = int(table[["complete", "pruned", "failed"]].sum().sum())
    planned = int(table["planned_trials"].sum()) if "planned_trials" in table.columns else spent
    text = f"{count(spent)} of {count(planned)} trials run, {count(table['epochs'].sum())} epochs."
    flagged = flags(data.table("ledger"))
    if flagged:
        text += f" {plural(len(flagged), 'cell')} got over 10 % more."
        title = "Budget: spent unevenly"
        return Check(title=title, answer="broken", text=text, section="fairness", grave=False)
    return Check(title="Budget: spent evenly", answer="holds", text=text, section="fairness")


def fair(data: ReportData) -> Check:
    """Whether every method was given the same, read from the parity table."""
    parity = data.table("parity")
    if parity is None:
        return _unknown("Fairness", "no parity table came with these tables")
    named = [item.message or item.what for item in data.context.unfair]
    different = differing(parity)
    if named or different:
        said = named if len(named) <= SAID else [*named[:SAID], f"{len(named) - SAID} more"]
        text = f"{listing(said)}." if named else f"The cells differ in {listing(different)}, and nobody said why."
        title = f"Fairness: {plural(len(named) or len(different), 'rule')} broken" + (" knowingly" if named else "")
        return Check(title=title, answer="broken", text=text, section="fairness", grave=not named)
    text = "Same trials, epochs, search space, design and replicates for every method."
    return Check(title="Fairness: no rule broken", answer="holds", text=text, section="fairness")


def leaked(data: ReportData) -> Check:
    """Whether training, validation and test share images, lesions, patients or pictures: kind by kind."""
    context = data.context
    if context.leaks:
        names = listing([item.message or item.what for item in context.leaks])
        return Check(title=f"Leaks: {len(context.leaks)} accepted", answer="broken", text=f"{names}.", section="leaks")
    if not context.audited:
        return _unknown("Leaks", "no audit came with these tables")
    open_kinds = [
        words for words in (_groups(context.datasets, "lesion"), _groups(context.datasets, "patient")) if words
    ]
    unread = [finding.message for finding in context.audit if finding.key.startswith("unread:")]
    open_kinds += [f"pictures ({message.rstrip('.')})" for message in unread]
    shared = [kind for kind in ("image", "lesion", "patient") if not any(w.startswith(kind) for w in open_kinds)]
    said = f"Train, validation and test share no {listing(shared, 'or')}"
    compared = any(finding.key == "pictures_compared" for finding in context.audit)
    changes = (
        "cropped, mirrored, turned, re-coded or re-lit"
        if compared
        else "re-coded, resized or re-lit (crops, mirrors, turns: not looked for)"
    )
    said += "." if unread else f", and no picture that was found again {changes}."
    if open_kinds:
        text = f"{said} Not checkable: {'; '.join(open_kinds)}."
        return Check(title="Leaks: none found, not all checkable", answer="not checkable", text=text, section="leaks")
    return Check(title="Leaks: none found", answer="holds", text=said, section="leaks")


def peeked(data: ReportData) -> Check:
    """Whether winners, margin and test sets were decided before test labels were read."""
    entries = data.context.test_reads
    reads = [entry for entry in entries if entry.event == "read"]
    reopened = len(entries) - len(reads)
    seal = data.context.protocol
    if reopened:
        text = f"The study was changed {plural(reopened, 'time')} after test labels had been read."
        return Check(title="Peeks: selection reopened", answer="broken", text=text, section="leaks")
    if not reads:
        return _unknown("Peeks", "no log of test reads came with these tables")
    before = [
        read for read in reads if read.time and data.context.selection.time and read.time < data.context.selection.time
    ]
    if before:
        text = f"{plural(len(before), 'read')} of test labels came before the selection was frozen."
        return Check(title="Peeks: labels read too early", answer="broken", text=text, section="leaks")
    first = "the only read" if len(reads) == 1 else f"the first of {len(reads)} reads"
    frozen = f"Winners were frozen before {first} of test labels"
    if seal is None or seal.late:
        text = f"{frozen}; whether margin and test sets were, is not known: the protocol was not sealed then."
        return Check(title="Peeks: none seen", answer="not checkable", text=text, section="leaks")
    text = f"{frozen}, and the protocol (spec, splits, margin, metrics) was sealed."
    return Check(title="Peeks: none", answer="holds", text=text, section="leaks")


def fell(data: ReportData) -> list[Check]:
    """Whether training runs collapsed (judged in distribution, where that is tested): then no interval of their method
    holds. Nothing to say where none did."""
    table = data.table("replicate_values", "method", "fraction", "dataset", "replicate", "collapsed")
    if table is None or not table["collapsed"].any():
        return []
    home = table[table["dataset"] == data.home] if data.home in set(table["dataset"]) else table
    runs = home[home["collapsed"]].drop_duplicates(["method", "fraction", "replicate"])
    if runs.empty:
        return []
    one = "pair" if data.context.budget.repeats == 1 else "search"
    names = listing([f"{r.method} at {percent(r.fraction)}, {one} {r.replicate}" for r in runs.itertuples()])
    text = (
        f"{names}: an AUC near chance, where other runs of the method learned. Intervals of such methods do not hold."
    )
    return [Check(title=f"Runs: {len(runs)} collapsed", answer="broken", text=text, section="differences")]


def _groups(sets: tuple[DataSet, ...], kind: Literal["lesion", "patient"]) -> str:
    """Where lesions or patients are not known: `patients (known for 0 of 100 images of x)`; empty where all are."""
    lacking = []
    for item in sets:
        known = item.lesions_known if kind == "lesion" else item.patients_known
        if known is None:  # an older record: only how many there are
            groups = item.lesions if kind == "lesion" else item.patients
            known = item.images if groups else 0
        if known is not None and item.images and known < item.images:
            lacking.append(f"{count(known)} of {count(item.images)} images of {item.name}")
    return f"{kind}s (known for {listing(lacking)})" if lacking else ""


def _unknown(what: str, why: str) -> Check:
    text = f"{why[0].upper()}{why[1:]}."
    return Check(title=f"{what}: not checkable", answer="not checkable", text=text, section="")
