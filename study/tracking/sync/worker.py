"""Working through the queue: one round after the other, backed off while the server does not answer."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from study.tracking.backend.client import locks_out, refuses
from study.tracking.backend.target import Target
from study.tracking.sync.queue import Queue
from study.tracking.sync.reconcile import Sync

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds between a failure and the next try; doubled at each failure in a row


class Pump:
    """Moves jobs from a queue to a server. A failure leaves its job in the queue; a refusal drops it and is kept."""

    def __init__(self, sync: Sync, target: Target, queue: Queue):
        self._sync, self._target, self._queue = sync, target, queue
        self.refused: dict[str, str] = {}
        self.failure: str | None = None
        self.failing_since: float | None = None
        self.shut_out = False  # the server refuses the whole study, or our credentials
        self._wait = 0.0
        self._next = 0.0

    @property
    def error(self) -> str | None:
        """What keeps writes from the server: the failure of now, else the first refusal."""
        return self.failure or next(iter(self.refused.values()), None)

    def hurry(self) -> None:
        """Try now, whatever happened just before."""
        self._next = 0.0

    def round(self, stop: Callable[[], bool]) -> None:
        """Everything that waits, once; ends early when `stop` says so or the server fails."""
        if time.monotonic() < self._next or self._queue.empty:
            return
        try:
            server = self._sync.server
        except Exception as error:  # noqa: BLE001 - stores and their drivers raise anything; it is shown and tried again
            self.shut_out = locks_out(error)
            self._failed("connecting", error)
            return
        assert server
        self.shut_out = False
        for job in self._queue.jobs():
            if stop():
                return
            try:
                getattr(self._sync, job.what)(job.key)
            except Exception as error:  # noqa: BLE001 - as above
                if not refuses(error):
                    self._failed(job.key, error)
                    return
                self.refused[job.key] = self._say(job.key, error)
            self._queue.done(job)
        self._sync.settle()
        self.failure, self.failing_since, self._wait = None, None, 0.0

    def _failed(self, what: str, error: Exception) -> None:
        self.failure = self._say(what, error)
        self.failing_since = self.failing_since or time.monotonic()
        self._wait = min(LONGEST_WAIT, max(FIRST_WAIT, 2 * self._wait))
        self._next = time.monotonic() + self._wait

    def _say(self, what: str, error: Exception) -> str:
        """One line for people; the whole trace goes to the log. Neither holds a credential."""
        print(self._target.mask("".join(traceback.format_exception(error))), flush=True)
        text = self._target.mask(f"{what}: {error}")
        return " ".join(text.split())[:300]
