"""The backlog of tracking, read without MLflow."""

from __future__ import annotations

from dataclasses import dataclass

from study.store.directory import StudyDirectory
from study.tracking.sync import journal, paths
from study.tracking.sync.sync_state import read_status


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Number of writes that wait, the Unix time of the oldest, the server's last error, and the server's name."""

    waiting: int
    since: float | None = None
    error: str | None = None
    target: str = ""

    def __str__(self) -> str:
        target = f" to {self.target}" if self.target else ""
        if not self.waiting and self.error:
            return f"tracking{target}: {self.error}"
        if not self.waiting:
            return f"tracking{target} is up to date"
        return f"{self.waiting} writes wait{target}" + (f": {self.error}" if self.error else "")


def read_backlog(directory: StudyDirectory) -> Backlog:
    """What the last writer had left, and the events in the journals that it has not read yet."""
    status = read_status(paths.sync_states(directory)) or {}
    waiting = int(status.get("waiting", 0))
    times = [float(status["since"])] if status.get("since") is not None else []
    for path in sorted(paths.journals(directory).glob("*.jsonl")):
        unread, _ = journal.read(path, status.get("position", 0) if path.name == status.get("journal") else 0)
        waiting += len(unread)
        times += [event.at for event in unread]
    return Backlog(
        waiting=waiting, since=min(times, default=None), error=status.get("error"), target=status.get("target", "")
    )
