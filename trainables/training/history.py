"""How far a training is, and its last checkpoint: enough to go on bit for bit."""

from __future__ import annotations

import dataclasses
import json
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables.job import Job, Metrics, Report
from trainables.training import checkpoint

# Places may differ between a training and its continuation, and how many threads it has. What the images are is
# compared by their digest, what the weights are by theirs where it is given.
_PLACES = ("directory", "stages", "threads", "data", "encoder")


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

    def repeat(self, report: Report, checkpoint: str) -> None:
        """Report the epochs so far again, to a listener that may have missed them."""
        for epoch, metrics in enumerate(self.epochs, start=1):
            report(epoch, metrics, checkpoint)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"epochs": self.epochs, "best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.epochs = [dict(metrics) for metrics in state["epochs"]]
        self.best, self.best_epoch = state["best"], state["best_epoch"]


def find_last(job: Job, images: str) -> dict[str, Any] | None:
    """The content of the job's `last.pt`, if any; `images` is the digest of what it trains and validates on.

    A damaged one is none: the training begins anew, and comes to the same. Raises `CheckpointError` when a training of
    another configuration, or on other images, wrote it.
    """
    path = Path(job.directory) / checkpoint.LAST
    if not path.exists():
        return None
    try:
        content = checkpoint.load(path)
    except checkpoint.CheckpointError as error:
        warnings.warn(f"{error} This training begins anew.", stacklevel=2)
        return None
    written = {**identity(Job.from_json(content["job"])), "images": content["images"]}
    now = {**identity(job), "images": images}
    changed = [name for name in now if written.get(name) != now[name]]
    if changed:
        raise checkpoint.CheckpointError(
            f"A training goes on as it began, but {path} was written with another {', '.join(changed)} "
            f"({'; '.join(f'{written.get(name)!r}, now {now[name]!r}' for name in changed)}). Give each job a "
            "directory of its own, or delete the file."
        )
    return content


def identity(job: Job) -> dict[str, Any]:
    """What decides a training's result, but for the images' own content."""
    content: dict[str, Any] = json.loads(job.to_json())
    found = {f.name: content[f.name] for f in dataclasses.fields(Job) if f.name not in _PLACES}
    data, encoder = content["data"], content["encoder"]
    found["source"] = [data["ref"]["source"], data["ref"]["task"], data["short_side"]]
    found["encoder"] = [encoder["name"], encoder["sha256"] or encoder["weights"]]
    if encoder["key"] is not None:  # which of the backbones in that file
        found["encoder"].append(encoder["key"])
    return found
