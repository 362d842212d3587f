"""`replicate`, `evaluate`, `operating_points` and `compare`: how winners are trained anew, scored and compared."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from datasets.base.point_names import parsed_point, point_name
from study.spec.section import Section


class Replicate(Section):
    """How often each winner is trained anew: on `pairs` (split, seed) pairs, the same for every method."""

    pairs: int = Field(5, ge=1, description="at least 3 for intervals of use, better 5")


class OperatingPoint(Section):
    """A threshold that each replicate chooses on its own validation images, by one rule."""

    sensitivity: float | None = Field(None, gt=0.0, le=1.0, description="the highest threshold that reaches this")
    specificity: float | None = Field(None, gt=0.0, le=1.0, description="the lowest threshold that reaches this")
    youden: Literal[True] | None = Field(None, description="the largest sensitivity + specificity")
    cost_ratio: float | None = Field(
        None, gt=0.0, allow_inf_nan=False, description="the least cost, a miss costing so many false alarms"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> OperatingPoint:
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            rules = ", ".join(type(self).model_fields)
            raise ValueError(f"an operating point has one rule of {rules}, got {', '.join(given) or 'none'}")
        assert parsed_point(self.name) is not None, self.name  # tables find the rule by the name again
        return self

    @property
    def name(self) -> str:
        """What columns and tables call it."""
        rule, value = next((rule, value) for rule, value in self if value is not None)
        return point_name(rule, None if rule == "youden" else float(value))


class Evaluate(Section):
    """Test-time augmentation: scores are means over `copies` augmented copies of each image.

    Probes (linear, knn, attentive) learn from plain views, and are scored on these.
    """

    copies: int = Field(50, ge=1, description="augmented copies of every test image")


class Compare(Section):
    """The comparison: `metric` is the measure that the study is about (its primary endpoint), `margin` its difference
    below which methods count as equivalent, both named before any test label is read; `draws` are bootstrap draws for
    what has no closed form."""

    metric: str = Field(
        "auroc", description="the main metric of the report: a registered one of which more is better, e.g. partial_auc"
    )
    margin: float = Field(
        0.02, gt=0.0, lt=0.5, description="difference of the main metric below which methods count as equivalent"
    )
    draws: int = Field(2000, ge=100, description="bootstrap draws")
    prevalence: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description="share of positives at which predictive values, biopsies per melanoma found and net benefit are "
        "given; null: each test set's own",
    )
