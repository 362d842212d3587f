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
from study.tracking.desired.state import Book
from study.tracking.sync import journal, paths
from study.tracking.sync.parent_pipe import Leash
from study.tracking.sync.queue import Queue
from study.tracking.sync.reconcile import Sync
from study.tracking.sync.worker import Pump

LOOK = 0.25  # seconds between looks at the journal
PUBLISH = 1.0  # seconds between words about how far the writer is
NICE = 5  # of 0 to 19: training goes first
HOPELESS = 20.0  # seconds without an answer after which a writer that is to finish gives up


class Writer:
    """Moves what one driver says to the server, for as long as that driver lives."""

    def __init__(self, directory: StudyDirectory, journal_name: str, leash: Leash):
        plan, _ = load_study(directory.root)
        self._directory, self._path = directory, paths.journals(directory) / journal_name
        self._leash = leash
        self._target = resolve(plan.spec, directory)
        self._book = Book(plan, directory, identity.load(directory))
        self._sync = Sync(self._book, self._target)
        self._queue = Queue()
        self._pump = Pump(self._sync, self._target, self._queue)
        self._position = 0
        self._published = 0.0

    def run(self) -> None:
        """Until the driver ends, or waits for the end and nothing is left to write."""
        for path in paths.journals(self._directory).glob("*.jsonl"):
            if path != self._path:
                path.unlink()  # of drivers that have ended: the directory holds what they said
        self._book.load()
        self._queue.add(self._book.known(), time.time())
        while not self._over():
            self._read()
            self._pump.round(self._interrupted)
            self._publish()
            if self._leash.listen(LOOK):
                self._pump.hurry()
        self._read()
        self._publish()
        _say(f"ends, {self._queue.waiting} writes left")

    def _read(self) -> None:
        events, self._position = journal.read(self._path, self._position)
        for event in events:
            self._queue.add(self._book.apply(event), event.at)

    def _over(self) -> bool:
        if self._leash.over or not self._leash.closing:
            return self._leash.over
        since = self._pump.failing_since
        hopeless = self._pump.shut_out or (since is not None and time.monotonic() - since > HOPELESS)
        unread = self._path.stat().st_size > self._position
        return hopeless or (self._queue.empty and not unread)

    def _interrupted(self) -> bool:
        """Asked between any two jobs of a round."""
        self._leash.listen(0.0)
        if time.monotonic() - self._published > PUBLISH:
            self._publish()
        return self._leash.over

    def _publish(self) -> None:
        self._published = time.monotonic()
        self._sync.acks.tell(
            {
                "journal": self._path.name,
                "position": self._position,
                "waiting": self._queue.waiting,
                "since": self._queue.since,
                "error": self._pump.error,
                "target": self._target.name,
            }
        )


def main() -> None:
    """One writer at a time: each waits for the one before it, which ends with its own driver."""
    directory, leash = StudyDirectory(Path(sys.argv[1])), Leash()
    _yield_to_training()
    lock = FileLock(paths.lock(directory))
    while not leash.over:
        try:
            with lock.acquire(timeout=1.0):
                _say(f"begins with {sys.argv[2]}")
                Writer(directory, sys.argv[2], leash).run()
                return
        except Timeout:
            leash.listen(0.0)


def _yield_to_training() -> None:
    """Lower this process's share, and its session's: Linux's autogroups share out cores by session first."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):  # other systems, and kernels without autogroups
        Path("/proc/self/autogroup").write_text(str(NICE))


def _say(text: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='seconds')} writer {os.getpid()} {text}", flush=True)


if __name__ == "__main__":
    main()
