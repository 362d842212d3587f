"""What a person's word for a diagnosis means, from a table of synonyms (`synonyms.yaml`)."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from datasets.base.plain_yaml import read_yaml

_DOUBT = re.compile("[?？]")
_DENIAL = {
    "no",
    "not",
    "non",
    "without",
    "excluded",
    "exclude",
    "kein",
    "keine",
    "ohne",
    "nicht",
    "pas",
    "sans",
    "sin",
    "senza",
    "geen",
    "sem",
}
MOST_RUNS = 300
"""Runs of words of one text that are looked up for a suggestion: whole reports are not searched."""


@dataclass(frozen=True)
class Meaning:
    """A diagnosis by its usual English name, and its `side`, as `synonyms.yaml` explains."""

    name: str
    side: str


def meaning(word: str) -> Meaning | None:
    """What the table says about a word; None where it says nothing, and for a word with a question mark: nothing is
    guessed, and "Melanoma?" is a suspicion."""
    if _DOUBT.search(word):
        return None
    key = _key(word)
    found = _table()
    for candidate in (key, key.removesuffix("nos"), re.sub(r"^\d+", "", key), key.removesuffix("s")):
        if candidate in found:
            return found[candidate]
    return None


def nearest_meaning(word: str) -> Meaning | None:
    """The meaning of the most similar word of the table, to suggest where `meaning` says nothing.

    A word that is understood inside a longer text (`MEL_0`, `Melanoma?`, `melanoma, thigh`) comes before one that is
    spelled alike; the longest counts. A text that denies something ("no evidence of melanoma") has none.
    """
    if not _DENIAL.isdisjoint(re.split(r"[\W_]+", word.casefold())):
        return None
    parts = [part for part in re.split(r"[\W_\d]+", word) if part]
    runs = [" ".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)]
    runs = [run for run in runs[:MOST_RUNS] if len(run) > 2 or len(parts) == 1]  # "5 mm" is a size
    inside = [found for run in sorted(runs, key=len, reverse=True) if (found := meaning(run))]
    if inside:
        return inside[0]
    near = difflib.get_close_matches(_key(word), list(_table()), n=1, cutoff=0.6)
    return _table()[near[0]] if near else None


def _key(word: str) -> str:
    """Letters and digits alone, without accents and case."""
    plain = unicodedata.normalize("NFKD", word.casefold().replace("æ", "ae").replace("ł", "l"))
    return "".join(letter for letter in plain if letter.isalnum())


@cache
def _table() -> dict[str, Meaning]:
    text = resources.files("datasets.labels").joinpath("synonyms.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, object]] = read_yaml(text)
    found: dict[str, Meaning] = {}
    for name, entry in content.items():
        words = entry["words"]
        assert isinstance(words, list)
        for word in (name, *words):
            if found.setdefault(_key(str(word)), Meaning(name, str(entry["side"]))).name != name:
                raise ValueError(f"synonyms.yaml: a word has one meaning, but {word!r} has two.")
    return found
