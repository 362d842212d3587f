"""The one error that a user's input can cause."""

from __future__ import annotations


class StudyError(Exception):
    """Bad input. The message says the rule, the value received and the next action; the CLI prints it and exits 2."""
