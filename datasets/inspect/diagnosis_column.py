"""Which column of a table holds the diagnosis: the one whose words are diagnoses, whatever its name."""

from __future__ import annotations

import re

import pandas as pd

from datasets.inspect.cell_values import tokens
from datasets.labels.synonyms import Meaning, meaning
from datasets.sources.csv_tables import words

MOST = 200
"""Different values above which a column is no diagnosis."""
_NAMES = {"diagnosis", "dx", "diagnostic", "diagnose", "diagnostico", "diagnóstico", "diagnosi", "diagnostik", "befund"}
_NAMES |= {"label", "class", "target", "disease", "condition", "category", "klasse", "clase", "classe", "pathology"}
_NOT_NAMES = {"confirm", "confirmed", "method", "id", "date", "code", "confidence", "source", "partition"}
_SIDES = frozenset({"benign", "malignant", "unknown"})


def diagnoses(table: pd.DataFrame, besides: set[str]) -> tuple[pd.Series, str] | None:
    """The diagnosis of each row in the table's own words (null where it has none), and in words where it was found.

    `besides` are columns that say something else. Marks (one column a diagnosis, 0 or 1) count as well. Where the best
    column does not know and another says benign or malignant, that counts.
    """
    marks = _marks(table, besides)
    if marks is not None:
        return marks
    ranked = sorted(
        (
            (score, column)
            for column in table.columns
            if column not in besides and (score := _score(table[column], column))
        ),
        reverse=True,
    )
    if not ranked:
        return None
    best = ranked[0][1]
    found, where = words(table[best]), f"column {best!r}"
    for _, column in ranked[1:]:
        other = words(table[column])
        vague = found.map(_is_vague)
        fill = vague & ~other.map(_is_vague)
        if fill.any() and (_sides(other) <= _SIDES or _hierarchy(best) == _hierarchy(column) is not None):
            found, where = found.mask(fill, other), f"{where}, else {column!r}"
    return found.astype(object).where(found.notna(), None), where


def _score(column: pd.Series, name: str) -> tuple[bool, int, float, bool] | None:
    """How much a column is one of diagnoses: share of understood words, different meanings, name; None: it is none."""
    known = words(column).dropna()
    counts = known.value_counts()
    if not 1 <= len(counts) <= MOST:
        return None
    named = not _NAMES.isdisjoint(tokens(name)) and _NOT_NAMES.isdisjoint(tokens(name))
    means = {word: meaning(str(word)) for word in counts.index}
    share = float(sum(counts[word] for word, found in means.items() if found)) / float(counts.sum())
    distinct = len({found.name for found in means.values() if found and found.side != "unknown"})
    if distinct == 0 and not (named and len(counts) >= 2):
        return None
    if share < 0.5 and not named:
        return None
    return (distinct > 1, distinct, round(share, 1), named)


def _marks(table: pd.DataFrame, besides: set[str]) -> tuple[pd.Series, str] | None:
    """Columns named as diagnoses that hold 0 and 1 alone: each row's word is the column with its 1."""
    columns = [name for name in table.columns if name not in besides and _marked(table[name])]
    names = [name for name in columns if meaning(str(name)) is not None]
    if len(names) == 1 and not any(
        _score(table[name], name) for name in table.columns if name not in {*besides, *names}
    ):
        one = pd.to_numeric(table[names[0]].replace({"True": "1", "False": "0"}), errors="coerce")
        said = one.map({1.0: names[0], 0.0: _opposite(names[0])})
        return said.astype(object).where(said.notna(), None), f"the marks in column {names[0]!r}"
    if len(names) < 2:
        return None
    marks = table[names].apply(pd.to_numeric, errors="coerce").fillna(0)
    found = marks.idxmax(axis=1).where(marks.sum(axis=1) == 1)
    return found.astype(object).where(found.notna(), None), f"the marks in the columns {', '.join(names)}"


def _opposite(name: str) -> str:
    found = meaning(name)
    return {"malignant": "benign", "benign": "malignant"}.get(found.side if found else "", f"not {name}")


def _marked(column: pd.Series) -> bool:
    values = set(column.dropna().str.strip().unique())
    return bool(values) and values <= {"0", "1", "0.0", "1.0", "True", "False"}


def _is_vague(word: object) -> bool:
    found: Meaning | None = meaning(word) if isinstance(word, str) else None
    return not isinstance(word, str) or (found is not None and found.side == "unknown")


def _sides(column: pd.Series) -> set[str]:
    return {found.side if (found := meaning(str(word))) else "?" for word in column.dropna().unique()}


def _hierarchy(name: str) -> str | None:
    """`diagnosis` for `diagnosis_3`: columns of one name with numbers are levels of one hierarchy."""
    match = re.fullmatch(r"(.*?)[_ ]?\d+", name)
    return match[1] if match else None
