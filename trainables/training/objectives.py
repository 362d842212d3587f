"""What a search can optimise: a value of the validation scores of an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from datasets.base.registry import Registry
from trainables.training import validation_metrics
from trainables.training.validation_metrics import Labels, Scores


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`value` of labels [n] and probabilities [n, classes]; `label` is what figures and tables call it."""

    label: str
    direction: Literal["maximize", "minimize"]
    value: Callable[[Labels, Scores], float]

    @property
    def maximize(self) -> bool:
        """Whether larger is better."""
        return self.direction == "maximize"


OBJECTIVES: Registry[Objective] = Registry(
    "objectives",
    ValueError,
    {
        "val_auc": Objective(label="validation AUC", direction="maximize", value=validation_metrics.auc),
        "val_balanced_accuracy": Objective(
            label="validation balanced accuracy", direction="maximize", value=validation_metrics.balanced_accuracy
        ),
        "val_loss": Objective(label="validation loss", direction="minimize", value=validation_metrics.cross_entropy),
    },
)
RECORDED = ("val_loss", "val_auc")  # by every trial, whatever is optimised


def validate(objective: str, labels: Labels, scores: Scores) -> dict[str, float]:
    """The recorded values of an epoch's validation scores, and the objective's."""
    return {name: OBJECTIVES.get(name).value(labels, scores) for name in dict.fromkeys((*RECORDED, objective))}
