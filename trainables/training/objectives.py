"""What a search can optimise: a value of the validation scores of an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from datasets.base.registry import Registry
from trainables.training import roc_metrics, validation_metrics
from trainables.training.validation_metrics import Labels, Scores


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`value` of labels [n] and probabilities [n, classes]; `label` is what figures and tables call it. `two_classes`:
    defined for two classes alone; `metric`: what the comparison calls the same measure, if it has it."""

    label: str
    direction: Literal["maximize", "minimize"]
    value: Callable[[Labels, Scores], float]
    two_classes: bool = False
    metric: str | None = None

    @property
    def maximize(self) -> bool:
        """Whether larger is better."""
        return self.direction == "maximize"


SHARES = (80, 90, 95)  # percent at which sensitivity and specificity may be held
OBJECTIVES: Registry[Objective] = Registry(
    "objectives",
    ValueError,
    {
        "val_auc": Objective(
            label="validation AUC", direction="maximize", value=validation_metrics.auc, metric="auroc"
        ),
        "val_balanced_accuracy": Objective(
            label="validation balanced accuracy",
            direction="maximize",
            value=validation_metrics.balanced_accuracy,
            metric="balanced_accuracy",
        ),
        "val_loss": Objective(
            label="validation loss", direction="minimize", value=validation_metrics.cross_entropy, metric="log_loss"
        ),
        "val_brier": Objective(
            label="validation Brier score", direction="minimize", value=validation_metrics.brier, metric="brier"
        ),
        "val_average_precision": Objective(
            label="validation average precision",
            direction="maximize",
            value=roc_metrics.average_precision,
            metric="auprc",
            two_classes=True,
        ),
        "val_partial_auc": Objective(
            label="validation partial AUC (sensitivity ≥ 80 %)",
            direction="maximize",
            value=roc_metrics.partial_auc,
            metric="partial_auc",
            two_classes=True,
        ),
        **{
            f"val_sensitivity_at_{share}_specificity": Objective(
                label=f"validation sensitivity at {share} % specificity",
                direction="maximize",
                value=roc_metrics.sensitivity_at(share / 100),
                metric=f"sensitivity_at_{share}_specificity",
                two_classes=True,
            )
            for share in SHARES
        },
        **{
            f"val_specificity_at_{share}_sensitivity": Objective(
                label=f"validation specificity at {share} % sensitivity",
                direction="maximize",
                value=roc_metrics.specificity_at(share / 100),
                metric=f"specificity_at_{share}_sensitivity",
                two_classes=True,
            )
            for share in SHARES
        },
    },
)
RECORDED = ("val_loss", "val_auc")  # by every trial, whatever is optimised


def validate(objective: str, labels: Labels, scores: Scores) -> dict[str, float]:
    """The recorded values of an epoch's validation scores, and the objective's."""
    return {name: OBJECTIVES.get(name).value(labels, scores) for name in dict.fromkeys((*RECORDED, objective))}
