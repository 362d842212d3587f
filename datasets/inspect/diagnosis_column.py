"""Which column of a table holds the diagnosis: the one whose words are diagnoses, whatever its name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from datasets.inspect import marks
from datasets.inspect.cell_values import is_yes_or_no
from datasets.inspect.diagnosis_agreement import agree, meaning_of
from datasets.inspect.diagnosis_names import Worth, worth
from datasets.sources.csv_tables import words

MOST = 200
"""Different values above which a column is no diagnosis."""
_SIDES = frozenset({"benign", "malignant", "unknown"})


@dataclass
class Diagnoses:
    """The diagnosis of each row in the table's own words (null where it has none), in words where it was found (None:
    nowhere), the columns that were used, and sentences about other columns that say something as well."""

    words: pd.Series | None = None
    where: str = ""
    used: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Score:
    """How much a column is one of diagnoses, the most important first."""

    understood: bool
    worth: Worth
    distinct: int
    share: float

    @property
    def key(self) -> tuple[bool, int, int, float]:
        return self.understood, int(self.worth), self.distinct, self.share


def diagnoses(table: pd.DataFrame, besides: set[str]) -> Diagnoses:
    """Look in all columns but `besides`, which say something else.

    A column that is understood counts, a reference (histology) before a diagnosis before a suspicion. Marks (one column
    a diagnosis) count where no better one is there. Where the best column does not know and another says benign or
    malignant, that counts. What a relative had or a model said is never taken.
    """
    names = [str(name) for name in table.columns if str(name) not in besides]
    scores = {name: score for name in names if (score := _score(table[name], name)) is not None}
    own = {name: score for name, score in scores.items() if score.worth > Worth.NONE}
    ranked = sorted(own, key=lambda name: own[name].key, reverse=True)  # of equals the first column
    best = _most_special(table, ranked, own) if ranked else None
    marked = [name for name in marks.columns(table, besides) if worth(name) > Worth.NONE]
    found = _from_marks(table, marked, own[best] if best else None)
    if found.words is None and best is not None:
        found.words, found.where, found.used = words(table[best]), f"column {best!r}", {best}
        if own[best].worth == Worth.SUSPICION:
            found.others.append(
                f"column {best!r} is by its name a suspicion or an earlier diagnosis, and no other is there"
            )
        _complete(found, table, best, [name for name in ranked if name != best], own)
    for name in scores:
        found.others += [] if name in found.used else _tell(found, table, name, scores[name])
    if marked and not found.used & set(marked):
        found.others.append(f"the marks in {', '.join(map(repr, marked))} are not taken for the diagnosis")
    if found.words is not None:
        found.words = found.words.astype(object).where(found.words.notna(), None)
    return found


def _most_special(table: pd.DataFrame, ranked: list[str], scores: dict[str, _Score]) -> str:
    """The best column; where it says benign or malignant alone, the best of those that say more and never otherwise."""
    first, words_of = ranked[0], words(table[ranked[0]])
    if not _is_general(words_of) or not scores[first].understood:
        return first
    for name in ranked[1:]:
        fit = scores[name].understood and scores[name].worth > Worth.SUSPICION and not _is_general(words(table[name]))
        if fit and _differences(words_of, words(table[name])) == 0:
            return name
    return first


def _from_marks(table: pd.DataFrame, names: list[str], best: _Score | None) -> Diagnoses:
    """The marks, where they are the better source than the best other column."""
    if best is not None and best.understood and best.worth > Worth.SUSPICION:
        return Diagnoses()
    if len(names) == 1 and (best is None or best.worth <= Worth.SUSPICION):
        return Diagnoses(marks.of_one(table, names[0]), f"the marks in column {names[0]!r}", set(names))
    if len(names) > 1 and marks.exclusive(table, names) > marks.EXACTLY_ONE:
        return Diagnoses(marks.of_several(table, names), f"the marks in the columns {', '.join(names)}", set(names))
    return Diagnoses()


def _complete(found: Diagnoses, table: pd.DataFrame, best: str, others: list[str], scores: dict[str, _Score]) -> None:
    """Fill rows in which the best column does not know from others that say benign or malignant alone, or that are
    levels of the same hierarchy."""
    assert found.words is not None
    for name in others:
        other = words(table[name])
        fill = found.words.map(_is_vague) & ~other.map(_is_vague)
        same = _hierarchy(best) == _hierarchy(name) is not None
        general = scores[name].worth > Worth.SUSPICION and _sides(other) <= _SIDES
        if fill.any() and (general or same):
            found.words, found.where = found.words.mask(fill, other), f"{found.where}, else {name!r}"
            found.used.add(name)


def _tell(found: Diagnoses, table: pd.DataFrame, name: str, score: _Score) -> list[str]:
    """A sentence about a column that was not used, where it says something else than what was taken."""
    if score.worth == Worth.NONE:
        whose = "by its name those of a relative, of earlier, or of a model"
        return [f"column {name!r} also holds diagnoses, {whose}: not taken"]
    if found.words is None or not score.understood:
        return []
    differ = _differences(found.words, words(table[name]))
    return [f"column {name!r} also holds diagnoses, not taken (they differ in {differ:,} rows)"] if differ else []


def _differences(one: pd.Series, other: pd.Series) -> int:
    """Rows in which two columns contradict each other."""
    both = one.notna() & other.notna()
    counts = Counter(zip(one[both].astype(str), other[both].astype(str), strict=True))
    return sum(count for (first, second), count in counts.items() if not agree(first, second))


def _score(column: pd.Series, name: str) -> _Score | None:
    """How much a column is one of diagnoses; None: it is none."""
    known = words(column).dropna()
    counts = known.value_counts()
    if not 1 <= len(counts) <= MOST:
        return None
    value = worth(name)
    named = value >= Worth.NAMED
    means = {word: meaning_of(str(word)) for word in counts.index}
    share = float(sum(counts[word] for word, found in means.items() if found)) / float(counts.sum())
    distinct = len({found.name for found in means.values() if found and found.side != "unknown"})
    if distinct == 0 and (not named or len(counts) < 2 or (value == Worth.REFERENCE and is_yes_or_no(column))):
        return None
    if share < 0.5 and not named:
        return None
    return _Score(distinct > 1 and share >= 0.5, value, distinct, round(share, 1))


def _is_vague(word: object) -> bool:
    found = meaning_of(word) if isinstance(word, str) else None
    return not isinstance(word, str) or (found is not None and found.side == "unknown")


def _sides(column: pd.Series) -> set[str]:
    return {found.side if (found := meaning_of(str(word))) else "?" for word in column.dropna().unique()}


def _is_general(column: pd.Series) -> bool:
    """Whether a column says benign or malignant, and never what it is."""
    return {found.name if (found := meaning_of(str(word))) else "?" for word in column.dropna().unique()} <= _SIDES


def _hierarchy(name: str) -> str | None:
    """`diagnosis` for `diagnosis_3`: columns of one name with numbers are levels of one hierarchy."""
    match = re.fullmatch(r"(.*?)[_ ]?\d+", name)
    return match[1] if match else None
