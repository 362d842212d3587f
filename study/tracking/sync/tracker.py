"""The driver's side of tracking: it writes events to a journal, and starts the process that reads them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from study.cluster.lifetime import guarding
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.stage import Observer
from study.store.trial import TrialRecord
from study.tracking.backend.target import require_driver, resolve
from study.tracking.desired import identity
from study.tracking.sync import paths
from study.tracking.sync.journal import Journal

LIVENESS_INTERVAL = 5.0  # seconds between checks that the writer still runs
KILL_DELAY = 3.0  # seconds beyond its limit after which the writer is killed


class Tracker(Observer):
    """Observes a study. Nothing here waits for a server, or fails because of one."""

    def __init__(self, directory: StudyDirectory):
        self._directory = directory
        self._journal = Journal(paths.journals(directory) / f"{time.time_ns()}-{os.getpid()}.jsonl")
        self._checked = time.monotonic()
        self._writer = self._start()

    def on_trial(self, trial: TrialRecord) -> None:
        """A trial was created, reported an epoch, or ended."""
        self._journal.trial(trial)
        if time.monotonic() - self._checked > LIVENESS_INTERVAL:
            self._checked = time.monotonic()
            if self._writer.poll() is not None:
                self._writer = self._start()

    def on_stage_end(self, stage: str, seconds: float) -> None:
        """A stage has written its files to the study directory."""
        self._journal.stage(stage)

    def close(self, timeout: float = 60.0) -> None:
        """Let the writer finish, for at most `timeout` seconds. The next session writes the rest."""
        self._journal.close()
        pipe = self._writer.stdin
        assert pipe is not None
        try:
            pipe.write(f"close {timeout}\n".encode())
            pipe.close()
        except BrokenPipeError:
            return  # the writer died; the next session writes the rest
        try:
            self._writer.wait(timeout + KILL_DELAY)
        except subprocess.TimeoutExpired:
            self._writer.kill()
            self._writer.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the writer in a process session of its own, so that Ctrl-C reaches the driver alone."""
        command = [
            sys.executable,
            "-m",
            "study.tracking.sync.process",
            str(self._directory.root),
            self._journal.path.name,
        ]
        with paths.log(self._directory).open("ab") as log:
            writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        guarding.guard(writer.pid)
        return writer


def open_tracker(plan: Plan, directory: StudyDirectory) -> Tracker:
    """Start tracking a study whose directory holds its spec. Raises `StudyError` for a URI that MLflow cannot open."""
    require_driver(resolve(plan.spec, directory))
    identity.begin_session(plan, directory)
    return Tracker(directory)
