"""The top of the page: what a reader should know after ten seconds, and after one minute."""

from __future__ import annotations

from markupsafe import Markup

from study.report.formatting import listing, percent, plural
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import results
from study.report.page import Section, paragraph
from study.report.sections.checks import Check, checks
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
        searches = f", in {budget.repeats} independent searches" if budget.repeats > 1 else ""
        found.append(f"{plural(budget.trials, 'trial')}{epochs} to tune each method at each fraction{searches}")
    if context.replicates:
        found.append(f"winners re-trained {context.replicates} times")
    if context.scored_on:
        found.append(f"scores averaged over {context.scored_on}")
    if context.backbone:
        found.append(f"{context.backbone}{f' at {context.image_size} px' if context.image_size else ''}")
    return found


def answer(data: ReportData) -> Section | None:
    """A sentence a fraction, and four checks that decide how far to trust it."""
    cards = [card(head) for head in headlines(data, results(data))]
    said = Markup('<div class="answers">{}</div>').format(Markup("").join(cards)) if cards else Markup("")
    said += _small_encoders(data)
    return Section(
        id="answer",
        title="The answer",
        body=said + _checks(data),
        sources=("estimates.parquet", "differences.parquet", "ledger.parquet", "context.json"),
    )


def _small_encoders(data: ReportData) -> Markup:
    """What nobody may conclude from encoders that ship with the code."""
    small = [fact.method for fact in data.context.encoders if fact.ships]
    if not small:
        return Markup("")
    which = f"{listing(small)} begin{'s' if len(small) == 1 else ''}"
    if len(small) == len(data.context.encoders):
        which = "All methods begin"
    return paragraph(
        f"{which} with small encoders that ship with the code and have seen drawings alone: nothing here says how the "
        "methods of these names do at full size, with their published weights.",
        "note",
    )


def _more(check: Check) -> Markup:
    return Markup(' <a href="#{}">More</a>').format(check.section) if check.section else Markup("")


def _checks(data: ReportData) -> Markup:
    items = Markup("").join(
        Markup('<li class="{}"><b>{}</b>{}{}</li>').format(check.css, check.title, check.text, _more(check))
        for check in checks(data)
    )
    return Markup('<ul class="checks">{}</ul>').format(items)
