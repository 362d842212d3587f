"""What a pipeline is: a way of adapting an encoder, and the space that a search of it draws from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from trainables.job import Job, ParamValue, Report
from trainables.models.classifier import Classifier
from trainables.training.task_data import TaskData


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """`run(job, data, report, device)` trains, calls `report` once an epoch, and leaves `best.pt` and `last.pt`.

    `space`: the search space, by its name in `search_spaces` or the path of a YAML file that another package brings.
    `trained(model, params)`: the module whose parameters it trains, those that need gradients; for the table of costs.
    `check(params)`: raises `TrainingError` for parameters that it cannot train with; None: it finds out when it trains.
    `augments`: whether it learns from augmented views, on copies of which its classifier is then scored.
    """

    run: Callable[[Job, TaskData, Report, str | None], None]
    space: str
    trained: Callable[[Classifier, Mapping[str, ParamValue]], nn.Module] | None = None
    check: Callable[[Mapping[str, ParamValue]], object] | None = None
    augments: bool = True


def all_weights(model: Classifier, params: Mapping[str, ParamValue]) -> nn.Module:
    """What fine-tuning of everything trains."""
    return model
