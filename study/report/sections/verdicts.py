"""What comparisons with the baseline say, in words: which differences are shown, which methods are equivalent to it
within the margin, and what stays open. The three are kept apart: an open comparison shows nothing, an equivalent pair
does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from study.report.formatting import interval, listing, metric, missing, number, plural, signed
from study.report.inputs.results import Difference

NAMED = 4  # results on other test sets that are named; more are counted


def sentence(rows: Sequence[Difference], name: str, margin: float | None) -> Markup:
    """What the differences from the baseline on one test set say; `rows` are not empty, the largest first."""
    base = rows[0].other
    equal = [d for d in rows if d.verdict == "equivalent"]
    left = [d for d in rows if d.verdict == "open"]
    parts = [_shown(rows, base, name)]
    if equal:
        text = Markup("<b>Equivalent</b> to {}{}{}: {}.")
        parts.append(text.format(base, "" if parts[0] else f" on {name}", within(margin), _listed(equal)))
    if left and len(left) < len(rows):
        parts.append(Markup("<b>Open</b>: {}. {}").format(_listed(left), _power(left)))
    elif left:
        parts.append(_all_open(left, base, name))
    return Markup(" ").join(Markup('<span class="verdict">{}</span>').format(part) for part in parts if part)


def within(margin: float | None) -> str:
    """` within ±0.02`; empty where the spec names no margin."""
    return f" within ±{margin:g}" if margin else ""


def _shown(rows: Sequence[Difference], base: str, name: str) -> Markup:
    better = [d for d in rows if d.shown and d.value > 0]
    worse = [d for d in reversed(rows) if d.shown and d.value < 0]
    if not (better or worse):
        return Markup("")
    first, *others = better or worse
    word = "better" if better else "worse"
    claim = Markup("<b>{}</b> is {} than {} by <b>{}</b> {} {} on {}{}.").format(
        first.method, word, base, number(abs(first.value)), _size(first), metric(first.metric), name, _small(first)
    )
    return claim + _others(f"Also {word}", others) + (_others("Worse", worse) if better else "")


def _small(d: Difference) -> str:
    return ", which is within the margin" if d.equivalent else ""


def _all_open(rows: Sequence[Difference], base: str, name: str) -> Markup:
    largest = max(rows, key=lambda d: abs(d.value))
    alone = largest.low > 0 or largest.high < 0
    return Markup(
        "<b>Open</b>: no difference from {} is shown on {}, nor that there is none (largest: {}, {} {}{}). {}"
    ).format(
        base,
        name,
        largest.method,
        signed(largest.value),
        interval(largest.low, largest.high, sign=True),
        "; alone it would count, among all the comparisons made it does not" if alone else "",
        _power(rows),
    )


def _power(rows: Sequence[Difference]) -> str:
    """What the study could have shown; comparisons that could not have shown any difference are counted."""
    able = [d.detectable for d in rows if not missing(d.detectable)]
    if not able:
        return "The study could not have shown any difference there: there are too few replicates or cases."
    if len(able) < len(rows):
        return (
            f"In {len(rows) - len(able)} of {len(rows)} comparisons it could not have shown any difference, in the "
            f"others ≥ {number(max(able))} {metric(rows[0].metric)}."
        )
    return f"The study could have shown ≥ {number(max(able))} {metric(rows[0].metric)}."


def _listed(rows: Sequence[Difference]) -> str:
    """Methods with their differences, and with intervals where there are few."""
    few = len(rows) < NAMED
    return listing(
        [f"{d.method} ({signed(d.value)}{f' {interval(d.low, d.high, sign=True)}' if few else ''})" for d in rows]
    )


def _others(words: str, rows: Sequence[Difference]) -> Markup:
    shown = listing([f"{d.method} ({signed(d.value)})" for d in rows])
    return Markup(" {}: {}.").format(words, shown) if shown else Markup("")


def _size(d: Difference) -> str:
    return interval(d.low, d.high) if d.value > 0 else interval(-d.high, -d.low)


def elsewhere(rows: Mapping[str, Sequence[Difference]], kind: str, margin: float | None) -> str:
    """All other test sets in one or two sentences; `rows` by test set, `kind` says what they are."""
    said = [
        text
        for word, belongs in (
            ("better", lambda d: d.shown and d.value > 0),
            ("worse", lambda d: d.shown and d.value < 0),
            (f"equivalent{within(margin)}", lambda d: d.verdict == "equivalent"),
        )
        for text in _hits(rows, word, belongs)
    ]
    every = [d for found in rows.values() for d in found]
    left = [d for d in every if d.verdict == "open"]
    names = f"{kind} test set{'s' * (len(rows) > 1)}{f' {next(iter(rows))}' if len(rows) == 1 else ''}"
    claims = f"{'; '.join(said)}." if said else ""
    if not left:
        return f"{names}: {claims}"
    if not claims:
        return f"{names}: open, no difference is shown{_could(left)}."
    return f"{names}: {claims} Open: {len(left)} of {plural(len(every), 'comparison')}{_could(left)}."


def _hits(rows: Mapping[str, Sequence[Difference]], word: str, belongs: Callable[[Difference], bool]) -> list[str]:
    """`m is better on a (+0.020) and b (+0.030)`, one a method; counted where there are many."""
    hits = [(name, d) for name, found in rows.items() for d in found if belongs(d)]
    said = []
    for method in dict.fromkeys(d.method for _, d in hits):
        own = [(name, d) for name, d in hits if d.method == method]
        where = [f"{name} ({signed(d.value)})" for name, d in own]
        if len(rows) == 1:
            said.append(f"{method} is {word} ({signed(own[0][1].value)})")
        else:
            counted = f"{len(where)} of {len(rows)}"
            said.append(f"{method} is {word} on {counted if len(hits) > NAMED else listing(where)}")
    return said


def _could(rows: Sequence[Difference]) -> str:
    able = [d.detectable for d in rows if not missing(d.detectable)]
    if not able:
        return " (none could have been shown)"
    span = number(min(able)) if min(able) == max(able) else f"{number(min(able))} to {number(max(able))}"
    lost = f", in {len(rows) - len(able)} of them none" if len(able) < len(rows) else ""
    return f" (differences of {span} could have been shown{lost})"
