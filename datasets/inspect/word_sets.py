"""Lists of words, written as people read them."""

from __future__ import annotations


def word_set(*texts: str) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(word for text in texts for word in text.split())
