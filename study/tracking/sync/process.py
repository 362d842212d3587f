"""The process that writes to MLflow while a study runs: `python -m study.tracking.sync.process DIRECTORY JOURNAL`.

It reads one driver's journal and ends with that driver.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from study.protocol.opening import load_study
from study.store.directory import StudyDirectory
from study.tracking.backend.target import resolve
from study.tracking.desired import identity
from study.tracking.desired.desired_state import DesiredState
from study.tracking.sync import journal, paths
from study.tracking.sync.parent_watch import ParentWatch
from study.tracking.sync.worker import SyncWorker

POLL_INTERVAL = 0.25  # seconds between reads of the journal
STATUS_INTERVAL = 1.0  # seconds between published statuses
NICENESS = 5  # of 0 to 19: training goes first
CLOSING_LIMIT = 20.0  # seconds without an answer after which a closing writer gives up


class Writer:
    """Writes the events of one driver to the server, for as long as that driver lives."""

    def __init__(self, directory: StudyDirectory, journal_name: str, parent: ParentWatch):
        plan, _ = load_study(directory.root)
        self._directory, self._path = directory, paths.journals(directory) / journal_name
        self._parent = parent
        self._target = resolve(plan.spec, directory)
        self._worker = SyncWorker(DesiredState(plan, directory, identity.load(directory)), self._target)
        self._position = 0
        self._published = 0.0

    def run(self) -> None:
        """Write until the driver dies, or closes and nothing is left to write."""
        for path in paths.journals(self._directory).glob("*.jsonl"):
            if path != self._path:
                path.unlink()  # of drivers that have ended: the study directory holds their trials and stages
        self._worker.load()
        while not self._finished():
            self._read_journal()
            self._worker.run_once(self._interrupted)
            self._publish_status()
            if self._parent.poll(POLL_INTERVAL):
                self._worker.retry_now()
        self._read_journal()
        self._publish_status()
        _log(f"ends, {self._worker.queue.waiting} writes left")

    def _read_journal(self) -> None:
        events, self._position = journal.read(self._path, self._position)
        for event in events:
            self._worker.queue.add(self._worker.state.update(event), event.at)

    def _finished(self) -> bool:
        if self._parent.expired or not self._parent.closing:
            return self._parent.expired
        since = self._worker.failing_since
        gives_up = self._worker.access_denied or (since is not None and time.monotonic() - since > CLOSING_LIMIT)
        unread = self._path.stat().st_size > self._position
        return gives_up or (self._worker.queue.empty and not unread)

    def _interrupted(self) -> bool:
        """Called between any two jobs of a round."""
        self._parent.poll(0.0)
        if time.monotonic() - self._published > STATUS_INTERVAL:
            self._publish_status()
        return self._parent.expired

    def _publish_status(self) -> None:
        self._published = time.monotonic()
        self._worker.reconciler.store.publish_status(
            {
                "journal": self._path.name,
                "position": self._position,
                "waiting": self._worker.queue.waiting,
                "since": self._worker.queue.since,
                "error": self._worker.error,
                "target": self._target.name,
            }
        )


def main() -> None:
    """Wait for the writer of an earlier driver to end (there is one at a time), then write."""
    directory, parent = StudyDirectory(Path(sys.argv[1])), ParentWatch()
    _lower_priority()
    lock = FileLock(paths.lock(directory))
    while not parent.expired:
        try:
            with lock.acquire(timeout=1.0):
                _log(f"begins with {sys.argv[2]}")
                Writer(directory, sys.argv[2], parent).run()
                return
        except Timeout:
            parent.poll(0.0)


def _lower_priority() -> None:
    """Lower the priority of this process and of its session: Linux's autogroups share cores by session first."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    with contextlib.suppress(OSError):  # other systems, and kernels without autogroups
        Path("/proc/self/autogroup").write_text(str(NICENESS))


def _log(text: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='seconds')} writer {os.getpid()} {text}", flush=True)


if __name__ == "__main__":
    main()
