"""How far a training is, and its last checkpoint: enough to go on bit for bit."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables import checkpoint
from trainables.job import Job, Metrics, TrainingError

# What may differ between a training and its continuation: where files are, and how many threads there are.
_PLACES = ("directory", "stages", "data", "threads")


@dataclass
class History:
    """Metrics of every epoch so far (1-based epochs), and when the objective was best."""

    maximise: bool
    epochs: list[dict[str, float]] = field(default_factory=list)
    best: float = math.nan
    best_epoch: int = 0

    def add(self, metrics: Metrics, value: float) -> bool:
        """Note an epoch; True when it is the best so far (the first among equals)."""
        self.epochs.append(dict(metrics))
        better = self.best_epoch == 0 or (value > self.best if self.maximise else value < self.best)
        if better:
            self.best, self.best_epoch = value, len(self.epochs)
        return better

    def over(self, max_epochs: int, patience: int) -> bool:
        """Whether training ends: all epochs done, or `patience` of them in a row without a better objective."""
        done = len(self.epochs)
        return done >= max_epochs or (done > 0 and done - self.best_epoch >= patience)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"epochs": self.epochs, "best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.epochs = [dict(metrics) for metrics in state["epochs"]]
        self.best, self.best_epoch = state["best"], state["best_epoch"]


def find_last(job: Job) -> dict[str, Any] | None:
    """The content of the job's `last.pt`, if any. Raises `TrainingError` when another configuration wrote it."""
    path = Path(job.directory) / checkpoint.LAST
    if not path.exists():
        return None
    content = checkpoint.load(path)
    written, now = identity(Job.from_json(content["job"])), identity(job)
    changed = [name for name, value in now.items() if written[name] != value]
    if changed:
        raise TrainingError(
            f"A training goes on with the configuration it began with, but {path} has another {', '.join(changed)} "
            f"({', '.join(repr(written[name]) for name in changed)}). Use another directory or delete the file."
        )
    return content


def identity(job: Job) -> dict[str, Any]:
    """What decides a training's result, but for the images themselves."""
    content: dict[str, Any] = json.loads(job.to_json())
    return {f.name: content[f.name] for f in dataclasses.fields(Job) if f.name not in _PLACES}
