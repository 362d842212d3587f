"""What a metric of three and more classes is, and the registry of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from datasets.base.registry import Registry
from study.comparison.cases import Floats, Ints
from study.comparison.errors import ComparisonError
from study.comparison.metrics import closed_form, pooled
from study.comparison.metrics.draws import ClassDraws, ClassModel
from study.comparison.metrics.metric import METRICS, ClosedForm
from study.comparison.metrics.resampled import Weights, calibration_error

Pooled = Callable[[Floats, Ints], tuple[Floats, Floats]]
ResampledClasses = Callable[[ClassDraws], Weights]


@dataclass(frozen=True, kw_only=True)
class ClassMetric:
    """A metric of many classes, from 0 to `upper`, with its inference over cases: one of four forms.

    `each`, a closed form of one class against the rest by its probability, and `each_decided`, the same by whether the
    class has the highest probability, are averaged over the classes that a test set has, values and errors alike.
    `pooled(scores [models, n, classes], label [n])` gives values [models] and every image's share [models, n].
    `resampled(draws)` of one model gives values [draws]. `one_class`:
    defined also on a test set with images of one class alone. `error`, `chance`: as of `Metric`.
    """

    label: str
    each: ClosedForm | None = None
    each_decided: ClosedForm | None = None
    pooled: Pooled | None = None
    resampled: ResampledClasses | None = None
    upper: float = 1.0
    one_class: bool = False
    error: bool = False
    chance: Callable[[ClassModel], float] | None = None


CLASS_METRICS: Registry[ClassMetric] = Registry(
    "class_metrics",
    ComparisonError,
    {
        "auroc": ClassMetric(label="AUC", each=closed_form.auroc),
        "balanced_accuracy": ClassMetric(label="balanced accuracy", each_decided=closed_form.sensitivity),
        "macro_f1": ClassMetric(label="macro F1", pooled=pooled.macro_f1),
        "log_loss": ClassMetric(label="log loss", pooled=pooled.log_loss, upper=math.inf, one_class=True, error=True),
        "brier": ClassMetric(label="Brier score", pooled=pooled.brier, one_class=True, error=True),
        "calibration_error": ClassMetric(
            label="calibration error",
            resampled=lambda draws: calibration_error(draws.model.distance, draws.weights),
            one_class=True,
            error=True,
            chance=lambda model: model.calibration_chance,
        ),
    },
)


def metric_names(classes: int) -> tuple[str, ...]:
    """The metrics of a comparison of so many classes."""
    return tuple(METRICS.names() if classes == 2 else CLASS_METRICS.names())


def check_main(name: str, classes: int) -> float:
    """The largest value of the metric. Raises `ComparisonError` unless a comparison of so many classes can be about
    it."""
    registry = METRICS if classes == 2 else CLASS_METRICS
    able = [one for one, metric in registry.items() if not metric.error]
    if name not in able:
        why = "one of which less is better" if name in registry else "none of these"
        raise ComparisonError(
            f"The main metric of {'two' if classes == 2 else classes} classes is one of {', '.join(able)}, got "
            f"{name!r}: {why}. Correct compare.metric."
        )
    return float(registry.get(name).upper)


def metric_label(name: str) -> str:
    """A metric as people call it."""
    for registry in (METRICS, CLASS_METRICS):
        if name in registry:
            return str(registry.get(name).label)
    return name.replace("_", " ")
