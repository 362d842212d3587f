"""The pipelines by name. A new one is a file here with a `Pipeline`, a search space, and one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasets.base.registry import Registry
from trainables.job import TrainingError

if TYPE_CHECKING:  # a plan asks for names alone, without torch
    from trainables.pipelines.pipeline import Pipeline

PIPELINES: Registry[Pipeline] = Registry(
    "pipelines",
    TrainingError,
    {
        "ft": "trainables.pipelines.fine_tuning:FT",
        "ucl-ft": "trainables.pipelines.contrastive_stage:UCL_FT",
        "scl-ft": "trainables.pipelines.contrastive_stage:SCL_FT",
        "lora": "trainables.pipelines.parameter_efficient:LORA",
        "bitfit": "trainables.pipelines.parameter_efficient:BITFIT",
        "attentive": "trainables.pipelines.attentive:ATTENTIVE",
        "lp-ft": "trainables.pipelines.probe_then_fine_tune:LP_FT",
        "linear": "trainables.pipelines.probes:LINEAR",
        "knn": "trainables.pipelines.probes:KNN",
    },
)


def copies_of(pipeline: str, asked: int) -> int:
    """How many copies of an image a classifier of this pipeline is scored on: those that are asked for, or 1, the plain
    view, where it learned from plain views.

    A probe does not know augmented views, which cost the drawn BYOL's .2 of its AUC under the published policy.
    """
    return asked if pipeline not in PIPELINES or PIPELINES.get(pipeline).augments else 1
