"""What a metric of the comparison is, and the registry of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datasets.base.registry import Registry
from study.comparison.cases import Bools, Floats
from study.comparison.errors import ComparisonError
from study.comparison.metrics import closed_form
from study.comparison.metrics.draws import Draws, Model
from study.comparison.metrics.resampled import Weights, calibration_error

MAIN = "auroc"
ClosedForm = Callable[[Floats, Bools], tuple[Floats, Floats]]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of scores against labels, from 0 to `upper`, with its inference over cases: one of two forms.

    `closed_form(scores [models, n], positive [n])` gives values [models] and every image's share in the error
    [models, n]. `resampled(draws)` gives values [draws]; the bootstrap over cases does the rest. `one_class`: defined
    also on a test set that lacks a class. `error`: less is better, so that it cannot be a study's main metric.
    `chance(model)`: of an error that is never below zero, what chance alone would give; where that is much of a
    method's value, it has no interval (`by_chance`). `rests_on`: the share of the positives that decides it; where it
    is small, so are the degrees of freedom, and intervals are as much wider (`tests/benchmarks/error_rates.py`).
    """

    label: str
    closed_form: ClosedForm | None = None
    resampled: Callable[[Draws], Weights] | None = None
    upper: float = 1.0
    one_class: bool = False
    error: bool = False
    chance: Callable[[Model], float] | None = None
    rests_on: float = 1.0


METRICS: Registry[Metric] = Registry(
    "metrics",
    ComparisonError,
    {
        "auroc": Metric(label="AUC", closed_form=closed_form.auroc),
        "auprc": Metric(label="average precision", resampled=lambda draws: draws.curves["auprc"]),
        "balanced_accuracy": Metric(label="balanced accuracy", closed_form=closed_form.balanced_accuracy),
        "sensitivity_at_90_specificity": Metric(
            label="sensitivity at 90 % specificity",
            resampled=lambda draws: draws.curves["sensitivity_at_90_specificity"],
        ),
        "partial_auc": Metric(
            label="partial AUC (sensitivity ≥ 80 %)",
            resampled=lambda draws: draws.curves["partial_auc"],
            upper=0.2,
            rests_on=0.2,
        ),
        "brier": Metric(label="Brier score", closed_form=closed_form.brier, one_class=True, error=True),
        "calibration_error": Metric(
            label="calibration error",
            resampled=lambda draws: calibration_error(draws.model.distance, draws.weights),
            one_class=True,
            error=True,
            chance=lambda model: model.calibration_chance,
        ),
    },
)
