"""Whether two data sets name their classes alike: how a name is written says nothing about what it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def spelling(name: str) -> str:
    """Letters and digits alone, without accents, case and a plural's final "s"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    key = "".join(letter for letter in plain if letter.isalnum())
    return key.removesuffix("s") if len(key) > 1 else key


def mismatch(classes: Sequence[str], wanted: Sequence[str]) -> str | None:
    """What differs between the classes of two data sets, each in the order of its labels; None where nothing does.

    Only spelling is forgiven: whether `naevus` counts as `benign` is for a person to say.
    """
    given, expected = [spelling(name) for name in classes], [spelling(name) for name in wanted]
    if given == expected:
        return None
    if sorted(given) == sorted(expected):
        return "the same classes in another order; the order is that of the labels, the positive class last"
    others = [name for name, key in zip(classes, given, strict=True) if key not in expected]
    return f"{' and '.join(repr(name) for name in others)} not among them"
