"""The writes that wait: one job a run and kind of write, however often the run changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Action = Literal["write", "model", "files"]
# Numbers first; models before the evaluations that refer to them; large files last, so that they delay nothing.
ORDER = ("study", "cell", "trial", "replicate", "model", "evaluation", "files")


@dataclass(frozen=True)
class Job:
    """One write for one run."""

    action: Action
    key: str

    @property
    def priority(self) -> int:
        """Place in the order of writing; 0 is first."""
        return ORDER.index(self.key.partition("/")[0] if self.action == "write" else self.action)


class JobQueue:
    """Waiting jobs, each with the number of events behind it and the time of the first."""

    def __init__(self) -> None:
        self._waiting: dict[Job, tuple[int, float]] = {}

    def add(self, keys: Iterable[str], at: float) -> None:
        """Add the jobs of runs that changed at a Unix time."""
        for key in keys:
            kind = key.partition("/")[0]
            jobs = [Job("write", key)]
            jobs += [Job("model", key)] if kind == "replicate" else []
            jobs += [Job("files", key)] if kind in ("study", "evaluation") else []
            for job in jobs:
                count, since = self._waiting.get(job, (0, at))
                self._waiting[job] = (count + 1, since)

    def jobs(self) -> list[Job]:
        """All waiting jobs in the order of writing."""
        return sorted(self._waiting, key=lambda job: job.priority)

    def remove(self, job: Job) -> None:
        """Remove a job that was done or rejected."""
        del self._waiting[job]

    @property
    def empty(self) -> bool:
        """Whether no job waits."""
        return not self._waiting

    @property
    def waiting(self) -> int:
        """Number of changes that wait."""
        return sum(count for count, _ in self._waiting.values())

    @property
    def since(self) -> float | None:
        """Unix time of the oldest change that waits."""
        return min((since for _, since in self._waiting.values()), default=None)
