"""One sentence a training fraction: what the study shows, what is equivalent, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from study.report.formatting import fraction, interval, metric, number
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import Difference, Results
from study.report.sections.verdicts import elsewhere, sentence

Tone = Literal["shown", "worse", "equivalent", "open"]


@dataclass(frozen=True)
class Headline:
    """What to say about one fraction. `tone` colours it: a better method is shown, else a worse one, else all are
    equivalent to the baseline, else open."""

    fraction: float
    tone: Tone
    say: Markup
    more: tuple[str, ...]


def headlines(data: ReportData, found: Results) -> list[Headline]:
    """One a fraction, the largest first."""
    heads = [_headline(data, found, share) for share in data.fractions]
    return [head for head in heads if head is not None]


def _headline(data: ReportData, found: Results, share: float) -> Headline | None:
    rows = {name: ds for name in data.sets if (ds := found.against_baseline(share, name))}
    if not rows:
        return None
    main, *others = rows
    margin = data.context.margin
    more = []
    best = found.best(share, main)
    if best is not None:
        value = f"{number(best.value)} {interval(best.low, best.high)}"
        more.append(f"Highest {metric(data.context.metric)} on {main}: {best.method}, {value}.")
    if others:
        kind = "Shifted" if main == data.home else "Other"
        more.append(elsewhere({name: rows[name] for name in others}, kind, margin))
    where = f"{main} (in distribution)" if main == data.home else main
    return Headline(share, _tone(rows[main]), sentence(rows[main], where, margin), tuple(more))


def _tone(rows: Sequence[Difference]) -> Tone:
    if any(d.shown for d in rows):
        return "shown" if any(d.shown and d.value > 0 for d in rows) else "worse"
    return "equivalent" if all(d.equivalent for d in rows) else "open"


def card(head: Headline) -> Markup:
    """The headline as a card."""
    more = Markup("").join(Markup('<p class="more">{}</p>').format(text) for text in head.more)
    title = f"Trained on {fraction(head.fraction)}"
    return Markup('<div class="answer {}"><h2>{}</h2><p class="say">{}</p>{}</div>').format(
        head.tone, title, head.say, more
    )
