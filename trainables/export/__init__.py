"""A trained classifier in forms that other programs read."""

from trainables.export.forms import FORMS, Form, scores

__all__ = ["FORMS", "Form", "scores"]
