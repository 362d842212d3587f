"""The journal: the events that a driver sends to the writer, one JSON line each.

It only saves the writer from polling. Trials are in the Optuna storage before an event is written, and stages leave
files. A writer reads those when it starts, so that a lost journal loses nothing.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.store.trial import EpochRecord, TrialRecord

TRIAL_FIELDS = tuple(field.name for field in dataclasses.fields(TrialRecord) if field.name != "epochs")


@dataclass(frozen=True, kw_only=True)
class Event:
    """A trial with its last epoch alone (`epochs`: how many it has in all), or the name of a stage that ended."""

    at: float
    trial: TrialRecord | None = None
    epochs: int = 0
    stage: str = ""


class Journal:
    """Appends events to one file. A line is one write, so that a kill leaves at most one incomplete line at the end."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def trial(self, trial: TrialRecord) -> None:
        """A trial changed."""
        last = trial.epochs[-1] if trial.epochs else None
        content = {name: getattr(trial, name) for name in TRIAL_FIELDS}
        self._write(
            {
                "trial": content | {"params": dict(trial.params), "extra": dict(trial.extra)},
                "epochs": len(trial.epochs),
                "epoch": last and {"epoch": last.epoch, "metrics": dict(last.metrics), "order": last.order},
            }
        )

    def stage(self, name: str) -> None:
        """A stage ended."""
        self._write({"stage": name})

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _write(self, content: dict[str, Any]) -> None:
        os.write(self._handle, (json.dumps({"at": time.time(), **content}) + "\n").encode())


def read(path: Path, position: int) -> tuple[list[Event], int]:
    """The events after a position in bytes, and the position after them. An incomplete last line is left for later."""
    if not path.exists() or path.stat().st_size <= position:
        return [], position
    with path.open("rb") as file:
        file.seek(position)
        content = file.read()
    complete = content[: content.rfind(b"\n") + 1]
    return [_event(json.loads(line)) for line in complete.splitlines()], position + len(complete)


def _event(raw: dict[str, Any]) -> Event:
    if "stage" in raw:
        return Event(at=raw["at"], stage=raw["stage"])
    epochs = () if raw["epoch"] is None else (EpochRecord(**raw["epoch"]),)
    return Event(at=raw["at"], trial=TrialRecord(**raw["trial"], epochs=epochs), epochs=raw["epochs"])
