"""The pipelines by name. A new one is a file here with a `Pipeline`, a search space, and one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasets.base.registry import Registry
from trainables.job import TrainingError

if TYPE_CHECKING:  # a plan asks for names alone, without torch
    from trainables.pipelines.pipeline import Pipeline

OF_THIS_FOLDER = {
    "ft": "trainables.pipelines.fine_tuning:FT",
    "ucl-ft": "trainables.pipelines.contrastive_stage:UCL_FT",
    "scl-ft": "trainables.pipelines.contrastive_stage:SCL_FT",
    "lora": "trainables.pipelines.parameter_efficient:LORA",
    "bitfit": "trainables.pipelines.parameter_efficient:BITFIT",
    "attentive": "trainables.pipelines.attentive:ATTENTIVE",
    "lp-ft": "trainables.pipelines.probe_then_fine_tune:LP_FT",
    "linear": "trainables.pipelines.probes:LINEAR",
    "knn": "trainables.pipelines.probes:KNN",
}
PIPELINES: Registry[Pipeline] = Registry("pipelines", TrainingError, OF_THIS_FOLDER)

PROBES = frozenset({"linear", "knn", "attentive"})
"""Those of this folder that learn from plain views (`Pipeline.augments`), named for readers that do without torch."""


def augments(name: str) -> bool:
    """Whether a pipeline learns from augmented views, on copies of which its classifier is then scored.

    One of another package is asked; where it is absent by now, it counts as one that does.
    """
    if name in OF_THIS_FOLDER:
        return name not in PROBES
    return name not in PIPELINES or PIPELINES.get(name).augments
