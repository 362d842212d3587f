"""The loop that writes: every waiting job once a round, with exponential back-off while the server does not answer."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from study.tracking.backend.client import denies_access, is_rejection
from study.tracking.backend.target import Target
from study.tracking.desired.desired_state import DesiredState
from study.tracking.sync.job_queue import JobQueue
from study.tracking.sync.reconcile import Reconciler

MIN_BACKOFF, MAX_BACKOFF = 1.0, 30.0  # seconds between a failure and the next try; doubled at each failure in a row


class SyncWorker:
    """Writes a study to a server. A failed job stays in the queue; a rejected one is dropped and kept in `rejected`."""

    def __init__(self, state: DesiredState, target: Target):
        self.state, self.queue, self.reconciler = state, JobQueue(), Reconciler(state, target)
        self._target = target
        self.rejected: dict[str, str] = {}
        self.failure: str | None = None
        self.failing_since: float | None = None
        self.access_denied = False  # the server rejects the whole study, or our credentials
        self._backoff = 0.0
        self._next_try = 0.0

    @property
    def error(self) -> str | None:
        """What keeps writes from the server: the present failure, else the first rejection."""
        return self.failure or next(iter(self.rejected.values()), None)

    def load(self) -> None:
        """Read the study directory and queue all of its runs."""
        self.state.load()
        self.queue.add(self.state.run_keys(), time.time())

    def retry_now(self) -> None:
        """End the present back-off."""
        self._next_try = 0.0

    def run_once(self, interrupted: Callable[[], bool]) -> None:
        """Do every waiting job once; ends early when `interrupted` returns true or the server fails."""
        if time.monotonic() < self._next_try or self.queue.empty:
            return
        try:
            self.reconciler.connect()
        except Exception as error:  # noqa: BLE001 - stores and their drivers raise anything; it is shown and tried again
            self.access_denied = denies_access(error)
            self._fail("connecting", error)
            return
        self.access_denied = False
        for job in self.queue.jobs():
            if interrupted():
                return
            try:
                getattr(self.reconciler, job.action)(job.key)
            except Exception as error:  # noqa: BLE001 - as above
                if not is_rejection(error):
                    self._fail(job.key, error)
                    return
                self.rejected[job.key] = self._log(job.key, error)
            self.queue.remove(job)
        self.reconciler.delete_duplicates()
        self.failure, self.failing_since, self._backoff = None, None, 0.0

    def _fail(self, action: str, error: Exception) -> None:
        self.failure = self._log(action, error)
        self.failing_since = self.failing_since or time.monotonic()
        self._backoff = min(MAX_BACKOFF, max(MIN_BACKOFF, 2 * self._backoff))
        self._next_try = time.monotonic() + self._backoff

    def _log(self, action: str, error: Exception) -> str:
        """Write the traceback to the log; returns one line for the user. Neither holds a credential."""
        print(self._target.mask("".join(traceback.format_exception(error))), flush=True)
        text = self._target.mask(f"{action}: {error}")
        return " ".join(text.split())[:300]
