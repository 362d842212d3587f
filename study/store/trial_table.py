"""All trials of a study in memory: what the engine reads, and what the simulator writes instead of a storage."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from search_spaces.domains import Value
from study.store.trial import EpochRecord, Origin, State, TrialRecord

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Direction = Literal["maximize", "minimize"]


class TrialTable:
    """The trials of each cell by number. `trial_storage.Record` is the one that keeps them."""

    def __init__(self, cells: Iterable[str], *, objective: str, direction: Direction):
        self.objective = objective
        self.direction: Direction = direction
        self.cells: dict[str, list[TrialRecord]] = {cell: [] for cell in cells}

    def trials(self) -> list[TrialRecord]:
        """Every trial, cell by cell."""
        return [trial for trials in self.cells.values() for trial in trials]

    def get(self, cell: str, number: int) -> TrialRecord:
        """One trial."""
        return self.cells[cell][number]

    def create(
        self,
        cell: str,
        params: Mapping[str, Value],
        distributions: Mapping[str, BaseDistribution],
        *,
        origin: Origin,
        seed: int,
    ) -> TrialRecord:
        """A new RUNNING trial; its number is the next one of the cell."""
        number = len(self.cells[cell])
        trial = TrialRecord(
            cell=cell,
            number=number,
            state="RUNNING",
            params=dict(params),
            value=None,
            origin=origin,
            seed=seed,
            started=time.time(),
        )
        self.cells[cell].append(trial)
        return trial

    def epoch(self, cell: str, number: int, epoch: int, metrics: Mapping[str, float]) -> TrialRecord:
        """Append one epoch."""
        trial = self.get(cell, number)
        epochs = (*trial.epochs, EpochRecord(epoch=epoch, metrics=dict(metrics), order=self.order(cell)))
        value = metrics[self.objective]
        return self.change(
            trial,
            epochs=epochs,
            value=value if trial.value is None else best([trial.value, value], self.direction),
            seconds=trial.seconds + metrics.get("device_seconds", 0.0),
        )

    def finish(self, cell: str, number: int, state: State, reason: str = "") -> TrialRecord:
        """End a trial. A finished trial stays as it is."""
        trial = self.get(cell, number)
        return trial if trial.finished else self.change(trial, state=state, reason=reason, ended=time.time())

    def attempt(self, cell: str, number: int, reason: str) -> TrialRecord:
        """Count one more attempt of a trial that lost its process or its node, and say why."""
        trial = self.get(cell, number)
        lost = f"{trial.extra.get('lost', '')}epoch {len(trial.epochs)}: {reason}\n"
        return self.change(trial, attempts=trial.attempts + 1, extra={**trial.extra, "lost": lost})

    def note(self, cell: str, number: int, **facts: str) -> TrialRecord:
        """Keep facts about where a trial runs (`host`, `device`) or what belongs to it (an MLflow run id)."""
        trial = self.get(cell, number)
        known = {"host": trial.host, "device": trial.device, **trial.extra, **facts}
        return self.change(trial, host=known.pop("host"), device=known.pop("device"), extra=known)

    def order(self, cell: str) -> int:
        """How many epochs of a cell were recorded so far."""
        return sum(len(trial.epochs) for trial in self.cells[cell])

    def change(self, trial: TrialRecord, **changes: object) -> TrialRecord:
        """Put a changed trial in the place of `trial`."""
        changed = dataclasses.replace(trial, **changes)  # type: ignore[arg-type]
        self.cells[trial.cell][trial.number] = changed
        return changed


def best(values: Iterable[float], direction: Direction) -> float:
    """The best of some values of the objective."""
    return max(values) if direction == "maximize" else min(values)
