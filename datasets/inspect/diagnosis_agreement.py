"""Whether two statements about one picture's diagnosis can both be true: by meaning, not by spelling."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from datasets.labels.synonyms import Meaning, meaning, nearest_meaning

_GENERAL: dict[str, frozenset[str]] = {
    "benign": frozenset({"benign", "precursor", "inflammatory", "not_melanoma"}),
    "malignant": frozenset({"malignant", "melanoma", "carcinoma", "not_melanoma"}),
    "not melanoma": frozenset({"not_melanoma", "benign", "precursor", "carcinoma", "inflammatory", "malignant"}),
    "actinic keratosis or intraepithelial carcinoma": frozenset({"precursor", "carcinoma"}),
}
"""Names of meanings that leave open which diagnosis it is, with the sides that they leave open."""

meaning_of = lru_cache(maxsize=65_536)(meaning)
_resembled = lru_cache(maxsize=65_536)(nearest_meaning)


def agree(one: str, other: str) -> bool:
    """Whether two words for a diagnosis can both be true.

    Of a number and a word the word decides, for a number is a code. A word that the synonym table does not know agrees
    with what it resembles, and with one that is spelt alike.
    """
    first, second = meaning_of(one), meaning_of(other)
    if one.strip().casefold() == other.strip().casefold():
        return True
    if first is None and second is None:
        return False
    if _is_code(one) or _is_code(other):
        return True
    return _compatible(first or _resembled(one), second or _resembled(other))


def _compatible(first: Meaning | None, second: Meaning | None) -> bool:
    if first is None or second is None:
        return False
    if "unknown" in (first.side, second.side) or first.name == second.name:
        return True
    return second.side in _GENERAL.get(first.name, ()) or first.side in _GENERAL.get(second.name, ())


def _is_code(word: str) -> bool:
    return not any(letter.isalpha() for letter in word)


def settle(words: Iterable[str]) -> str | None:
    """What several statements about one picture say together, in the words of the most special one, the first of
    equals; None where two contradict each other."""
    known = list(dict.fromkeys(words))
    if any(not agree(one, other) for place, one in enumerate(known) for other in known[:place]):
        return None
    return max(known, key=lambda word: _special(meaning_of(word)), default=None)


def _special(found: Meaning | None) -> int:
    """How much a meaning says."""
    if found is None:
        return 1
    return 0 if found.side == "unknown" else 2 if found.name in _GENERAL else 3
