"""One sentence a training fraction: what the study shows, or what it could have shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from study.report.formatting import fraction, interval, listing, missing, number, plural, signed
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.results import Difference, Results

NAMED = 4  # results on shifted test sets that are named; more are counted


@dataclass(frozen=True)
class Headline:
    """What to say about one fraction; `tone` is shown (a better method), worse, or none."""

    fraction: float
    tone: str
    say: Markup
    more: tuple[Markup, ...]


def headlines(data: ReportData, found: Results) -> list[Headline]:
    """One a fraction, the largest first."""
    heads = [_headline(data, found, share) for share in data.fractions]
    return [head for head in heads if head is not None]


def _headline(data: ReportData, found: Results, share: float) -> Headline | None:
    sets = [name for name in data.sets if found.against_baseline(share, name)]
    if not sets:
        return None
    main, rest = sets[0], sets[1:]
    here = found.against_baseline(share, main)
    tone = "shown" if any(d.shown and d.value > 0 for d in here) else "worse" if any(d.shown for d in here) else "none"
    more = [_elsewhere(found, share, rest, "Shifted" if main == data.home else "Other")] if rest else []
    best = found.best(share, main)
    if best is not None:
        text = f"Highest AUC on {main}: {best.method}, {number(best.value)} {interval(best.low, best.high)}."
        more.insert(0, Markup("{}").format(text))
    where = f"{main} (in distribution)" if main == data.home else main
    return Headline(share, tone, sentence(here, where), tuple(more))


def sentence(rows: Sequence[Difference], name: str) -> Markup:
    """What the differences from the baseline on one test set say; `rows` are not empty, the largest first."""
    base = rows[0].other
    better = [d for d in rows if d.shown and d.value > 0]
    worse = [d for d in reversed(rows) if d.shown and d.value < 0]
    if better or worse:
        first, *others = better or worse
        word = "better" if better else "worse"
        claim = Markup("<b>{}</b> is {} than {} by <b>{}</b> {} AUC on {}.").format(
            first.method, word, base, number(abs(first.value)), _size(first), name
        )
        return claim + _others(f"Also {word}", others) + (_others("Worse", worse) if better else "")
    if all(d.equivalent for d in rows):
        text = Markup("<b>No difference</b> from {} that matters on {}: all lie within the margin.")
        return text.format(base, name)
    largest = max(rows, key=lambda d: abs(d.value))
    able = [d.detectable for d in rows if not missing(d.detectable)]
    could = Markup(" {}").format(_power(able, len(rows)))
    alone = largest.low > 0 or largest.high < 0
    return Markup("<b>No difference</b> from {} shown on {} (largest: {}, {} {}{}).{}").format(
        base,
        name,
        largest.method,
        signed(largest.value),
        interval(largest.low, largest.high, sign=True),
        "; alone it would count, among all the comparisons made it does not" if alone else "",
        could,
    )


def _power(able: Sequence[float], comparisons: int) -> str:
    """What the study could have shown; comparisons that could not have shown any difference are counted."""
    if not able:
        return "It could not have shown any difference: there are too few replicates or cases."
    if len(able) < comparisons:
        return (
            f"In {comparisons - len(able)} of {comparisons} comparisons it could not have shown any difference, in the "
            f"others ≥ {number(max(able))} AUC."
        )
    return f"The study could have shown ≥ {number(max(able))} AUC."


def _others(words: str, rows: Sequence[Difference]) -> Markup:
    shown = listing([f"{d.method} ({signed(d.value)})" for d in rows])
    return Markup(" {}: {}.").format(words, shown) if shown else Markup("")


def _size(d: Difference) -> str:
    return interval(d.low, d.high) if d.value > 0 else interval(-d.high, -d.low)


def _elsewhere(found: Results, share: float, sets: Sequence[str], kind: str) -> Markup:
    """All other test sets in one or two sentences; `kind` says what they are."""
    rows = {name: found.against_baseline(share, name) for name in sets}
    said = []
    for word, sign in (("better", 1), ("worse", -1)):
        hits = [(name, d) for name, ds in rows.items() for d in ds if d.shown and d.value * sign > 0]
        for method in dict.fromkeys(d.method for _, d in hits):
            where = [f"{name} ({signed(d.value)})" for name, d in hits if d.method == method]
            brief = f"{len(where)} of {len(sets)}" if len(hits) > NAMED else listing(where)
            said.append(f"{method} is {word} on {brief}")
    silent = [name for name, ds in rows.items() if not any(d.shown for d in ds)]
    if not said:
        able = [d.detectable for ds in rows.values() for d in ds if not missing(d.detectable)]
        every = sum(len(ds) for ds in rows.values())
        could = f" (differences of {number(min(able))} to {number(max(able))} could have been" if able else ""
        could += (
            f", in {every - len(able)} of {every} comparisons none)" if able and len(able) < every else ")" * bool(able)
        )
        if len(sets) == 1:
            return Markup("{}").format(f"{kind} test set: no difference shown on {sets[0]}{could}.")
        return Markup("{}").format(f"{kind} test sets: no difference shown on any of {len(sets)}{could}.")
    text = f"{kind} test sets: {'; '.join(said)}."
    if silent:
        text += f" No difference shown on {plural(len(silent), 'other')}: {listing(silent)}." if len(silent) < 4 else (
            f" No difference shown on {len(silent)} others.")  # fmt: skip
    return Markup("{}").format(text)


def card(head: Headline) -> Markup:
    """The headline as a card."""
    more = Markup("").join(Markup('<p class="more">{}</p>').format(text) for text in head.more)
    title = f"Trained on {fraction(head.fraction)}"
    return Markup('<div class="answer {}"><h2>{}</h2><p class="say">{}</p>{}</div>').format(
        head.tone, title, head.say, more
    )
