"""The one error that data can cause."""

from __future__ import annotations


class DataError(ValueError):
    """Data that break a rule. The message says the rule, the value received and the next action."""
