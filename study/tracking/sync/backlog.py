"""How far tracking is behind, read without MLflow."""

from __future__ import annotations

from dataclasses import dataclass

from study.store.directory import StudyDirectory
from study.tracking.sync import acknowledged, journal, paths


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Writes that wait for the server; since when (Unix time) the oldest does; what the server last answered."""

    waiting: int
    since: float | None = None
    error: str | None = None
    target: str = ""

    def __str__(self) -> str:
        where = f" to {self.target}" if self.target else ""
        if not self.waiting:
            return f"tracking{where} is up to date"
        return f"{self.waiting} writes wait{where}" + (f": {self.error}" if self.error else "")


def behind(directory: StudyDirectory) -> Backlog:
    """What waits: what the last writer had left, and what drivers have said since it last looked."""
    status = acknowledged.told(paths.acknowledged(directory)) or {}
    waiting = int(status.get("waiting", 0))
    times = [float(status["since"])] if status.get("since") is not None else []
    for path in sorted(paths.journals(directory).glob("*.jsonl")):
        unread, _ = journal.read(path, status.get("position", 0) if path.name == status.get("journal") else 0)
        waiting += len(unread)
        times += [event.at for event in unread]
    return Backlog(
        waiting=waiting, since=min(times, default=None), error=status.get("error"), target=status.get("target", "")
    )
