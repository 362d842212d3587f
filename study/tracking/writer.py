"""The process that writes to MLflow while a study runs: `python -m study.tracking.writer DIRECTORY JOURNAL`.

It reads one driver's journal and ends with that driver: when told to on its standard input, or when that closes.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from study.layout import StudyDirectory
from study.opening import open_study
from study.tracking import identity, journal, places
from study.tracking.book import Book
from study.tracking.pump import Pump
from study.tracking.queue import Queue
from study.tracking.sync import Sync
from study.tracking.target import resolve

LOOK = 0.25  # seconds between looks at the journal
HOPELESS = 10.0  # seconds without an answer after which a writer that is to close gives up


class Writer:
    """Moves what one driver says to the server, for as long as that driver lives."""

    def __init__(self, directory: StudyDirectory, journal_name: str):
        plan, _ = open_study(directory.root)
        self._directory, self._path = directory, places.journals(directory) / journal_name
        self._target = resolve(plan.spec, directory)
        self._book = Book(plan, directory, identity.load(directory))
        self._sync = Sync(self._book, self._target)
        self._queue = Queue()
        self._pump = Pump(self._sync, self._target, self._queue)
        self._position = 0
        self._deadline: float | None = None
        self._orphaned = False
        self._published = 0.0

    def run(self) -> None:
        """Until the driver ends, or has said that it will and nothing is left to write."""
        for path in places.journals(self._directory).glob("*.jsonl"):
            if path != self._path:
                path.unlink()  # of drivers that have ended: the directory holds what they said
        self._book.load()
        self._queue.add(self._book.keys(), time.time())
        while not self._over():
            self._read()
            self._pump.round(self._interrupted)
            self._publish()
            self._listen(LOOK)
        self._read()
        self._publish()

    def _read(self) -> None:
        events, self._position = journal.read(self._path, self._position)
        for event in events:
            self._queue.add(self._book.apply(event), event.at)

    def _over(self) -> bool:
        if self._orphaned:
            return True
        if self._deadline is None:
            return False
        since = self._pump.failing_since
        hopeless = since is not None and time.monotonic() - since > HOPELESS
        unread = self._path.stat().st_size > self._position
        return hopeless or time.monotonic() > self._deadline or (self._queue.empty and not unread)

    def _interrupted(self) -> bool:
        """Asked between any two jobs of a round."""
        self._listen(0.0)
        if time.monotonic() - self._published > 1.0:
            self._publish()
        return self._orphaned or (self._deadline is not None and time.monotonic() > self._deadline)

    def _listen(self, timeout: float) -> None:
        """Hear the driver: a line tells to close within so many seconds, the end of the pipe that it has died."""
        if self._deadline is not None:
            time.sleep(timeout)
            return
        ready, _, _ = select.select([sys.stdin], [], [], timeout)
        if not ready:
            return
        line = sys.stdin.readline()
        if not line:
            self._orphaned = True
            return
        self._deadline = time.monotonic() + float(line.split()[1])
        self._pump.hurry()

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
    """One writer at a time: a writer waits for the one before it, which ends with its own driver."""
    directory = StudyDirectory(Path(sys.argv[1]))
    with contextlib.suppress(OSError):
        os.nice(5)  # training goes first
    lock = FileLock(places.lock(directory))
    while True:
        try:
            lock.acquire(timeout=1.0)
            break
        except Timeout:
            ready, _, _ = select.select([sys.stdin], [], [], 0.0)
            if ready:
                return  # the driver ended while another writer was at work
    with lock:
        Writer(directory, sys.argv[2]).run()


if __name__ == "__main__":
    main()
