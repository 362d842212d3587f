"""The driver's side of tracking: a line in a journal an event, and a process that reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.stage import Observer
from study.store.trial import TrialRecord
from study.tracking.backend.target import resolve
from study.tracking.desired import identity
from study.tracking.sync import paths
from study.tracking.sync.journal import Journal

LOOK_AFTER = 5.0  # seconds between looks at whether the writer still lives
GRACE = 10.0  # seconds beyond its limit in which the writer ends by itself


class Tracker(Observer):
    """Hears of everything in a study. Nothing here waits for a server, or fails because of one."""

    def __init__(self, directory: StudyDirectory):
        self._directory = directory
        self._journal = Journal(paths.journals(directory) / f"{time.time_ns()}-{os.getpid()}.jsonl")
        self._looked = time.monotonic()
        self._writer = self._start()

    def on_trial(self, trial: TrialRecord) -> None:
        """A trial was created, reported an epoch, or ended."""
        self._journal.trial(trial)
        if time.monotonic() - self._looked > LOOK_AFTER:
            self._looked = time.monotonic()
            if self._writer.poll() is not None:
                self._writer = self._start()

    def on_stage_end(self, stage: str, seconds: float) -> None:
        """What the study directory now holds of the stage is to be written."""
        self._journal.stage(stage)

    def close(self, timeout: float = 60.0) -> None:
        """Let the writer finish, for at most `timeout` seconds. What is left waits for the next session."""
        self._journal.close()
        pipe = self._writer.stdin
        assert pipe is not None
        try:
            pipe.write(f"close {timeout}\n".encode())
            pipe.close()
        except BrokenPipeError:
            return  # the writer died; what it had not written waits for the next session
        try:
            self._writer.wait(timeout + GRACE)
        except subprocess.TimeoutExpired:
            self._writer.kill()
            self._writer.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        """A process in a session of its own, so that Ctrl-C reaches the driver alone; it ends when the driver does."""
        command = [
            sys.executable,
            "-m",
            "study.tracking.sync.process",
            str(self._directory.root),
            self._journal.path.name,
        ]
        with paths.log(self._directory).open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)


def open_tracker(plan: Plan, directory: StudyDirectory) -> Tracker:
    """Start tracking a study whose directory holds its spec. Raises `StudyError` for a URI that MLflow cannot open."""
    resolve(plan.spec, directory)
    identity.begin(plan, directory)
    return Tracker(directory)
