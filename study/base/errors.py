"""The one error that a user's input can cause."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StudyError(Exception):
    """Bad input. The message says the rule, the value received and the next action; the CLI prints it and exits 2."""


def nearest(value: str, known: Iterable[str]) -> str:
    """`the nearest is 'x'` and the list of what is known, for an error about an unknown name."""
    names = sorted(known)
    near = difflib.get_close_matches(value, names, n=1, cutoff=0.0)
    return f"the nearest is {near[0]!r}; known: {', '.join(names)}" if near else "none are known"
