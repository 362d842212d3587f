"""The one error that weights can cause."""

from __future__ import annotations


class EncoderError(ValueError):
    """Weights that cannot start a training under this encoder's name.

    The message says the rule, what was found and the next action; the keys at fault are listed.
    """


def listing(keys: list[str], most: int = 6) -> str:
    """The first keys and how many more there are, for a message."""
    more = f", … ({len(keys)} in all)" if len(keys) > most else ""
    return ", ".join(keys[:most]) + more
