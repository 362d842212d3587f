"""What waits to be written: one entry a run, however often it changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

What = Literal["write", "model", "files"]
# Numbers first; models before the evaluations that refer to them; large files last, so that they hold up nothing.
ORDER = ("study", "cell", "trial", "replicate", "model", "evaluation", "files")


@dataclass(frozen=True)
class Job:
    """One thing to do about one run."""

    what: What
    key: str

    @property
    def order(self) -> int:
        """Place in a round."""
        return ORDER.index(self.key.partition("/")[0] if self.what == "write" else self.what)


class Queue:
    """Jobs that wait, with the number of events behind each and the time of the first."""

    def __init__(self) -> None:
        self._waiting: dict[Job, tuple[int, float]] = {}

    def add(self, keys: Iterable[str], at: float) -> None:
        """Something about these runs changed."""
        for key in keys:
            kind = key.partition("/")[0]
            jobs = [Job("write", key)]
            jobs += [Job("model", key)] if kind == "replicate" else []
            jobs += [Job("files", key)] if kind in ("study", "evaluation") else []
            for job in jobs:
                count, since = self._waiting.get(job, (0, at))
                self._waiting[job] = (count + 1, since)

    def jobs(self) -> list[Job]:
        """A round: everything that waits now, in the order of writing."""
        return sorted(self._waiting, key=lambda job: job.order)

    def done(self, job: Job) -> None:
        """A job was done, or refused for good."""
        del self._waiting[job]

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    @property
    def waiting(self) -> int:
        """Number of changes that wait."""
        return sum(count for count, _ in self._waiting.values())

    @property
    def since(self) -> float | None:
        """When the first of them came."""
        return min((since for _, since in self._waiting.values()), default=None)
