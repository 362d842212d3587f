"""What a pipeline is: a way of adapting an encoder, and the space that a search of it draws from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainables.job import Job, Report
from trainables.training.task_data import TaskData


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """`run(job, data, report, device)` trains, calls `report` once an epoch, and leaves `best.pt` and `last.pt`.

    `space`: the search space, by its name in `search_spaces` or the path of a YAML file that another package brings.
    """

    run: Callable[[Job, TaskData, Report, str | None], None]
    space: str
