"""The one error that tables given to the comparison can cause."""

from __future__ import annotations


class ComparisonError(ValueError):
    """Tables that cannot be compared. The message says the rule, the value received and the next action."""
