"""How many images validate a cell: what the standard error of a validation AUC rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ValidationSize:
    """How many validation images of each class there are: the scale of a validation AUC's standard error.

    Of more than two classes `positives` are those of the rarest, whose AUC against the rest has the largest error."""

    positives: int
    negatives: int
