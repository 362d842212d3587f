"""Kill the tracking server and the driver while a study runs, start them again, and compare everything.

    python -m tests.study.tracking.outage --kills 20           # about 6 min on 2 cores

A real `mlflow server` with logins on the loopback interface; a driver that runs the real engine and tracker over toy
trainings. Kills alternate between the server (which stays away for some seconds), the driver and the writer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient

from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials
from study.tracking import open_tracker, read_backlog
from study.tracking.sync import paths
from tests.study.tracking.readback import check
from tests.study.tracking.servers import MlflowServer
from tests.study.tracking.studies import search, start

ROOT = Path(__file__).parents[3]
KINDS = ("server", "driver", "writer")


def drive(root: Path, trials: int, pause: float) -> None:
    """One driver, as `study run` would start it; it rests between epochs while a file `hold` is there."""
    plan, directory = start(root, trials=trials, max_epochs=9)
    tracker = open_tracker(plan, directory)
    wait(lambda: bool(read_backlog(directory).target), "the writer")

    def between() -> None:
        time.sleep(pause)
        wait(lambda: not (root / "hold").exists(), "being let go")

    search(plan, directory, tracker.on_trial, fails_above=5e-3, between=between)
    tracker.close(timeout=120.0)


def wait(condition: Callable[[], bool], what: str, limit: float = 300.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit:g} s for {what}"
        time.sleep(0.1)


class Driver:
    """A driver process on a study."""

    def __init__(self, root: Path, server: MlflowServer, trials: int, pause: float):
        command = [sys.executable, "-m", "tests.study.tracking.outage", "--drive", str(root)]
        command += ["--trials", str(trials), "--pause", str(pause)]
        env = {**os.environ, "MLFLOW_TRACKING_URI": server.uri}
        root.mkdir(parents=True, exist_ok=True)
        self.log = root.parent / "driver.txt"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)

    def writers(self) -> list[int]:
        """Its child processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def reach(self, directory: StudyDirectory, due: int) -> None:
        """Wait until so many trials have ended, the driver being at work."""
        wait(lambda: finished(directory) >= due or self.process.poll() is not None, f"{due} trials", 600.0)
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def tracked(server: MlflowServer) -> MlflowClient:
    """A client with the login in its environment."""
    os.environ.update(server.variables)
    return MlflowClient(server.address)


def written(directory: StudyDirectory) -> int:
    """Points that servers have acknowledged so far."""
    path = paths.sync_states(directory)
    if not read_backlog(directory).target:
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
        return sum(json.loads(body)["points"] for (body,) in db.execute("SELECT body FROM ack"))


def finished(directory: StudyDirectory) -> int:
    return sum(trial.finished for trial in read_trials(directory.storage_url, "toy"))


def run(root: Path, kills: int, trials: int, pause: float, away: float, login: bool = True) -> dict[str, int]:
    """`kills` kills in turn, spread over the search, then to the end; what was compared at the end.

    `login`: MLflow's logins hash a password at every request, which makes a server three times slower.
    """
    directory = StudyDirectory(root / "study")
    hold = directory.root / "hold"
    with MlflowServer(root / "server", login) as server:
        driver = Driver(directory.root, server, trials, pause)
        hit = dict.fromkeys(KINDS, 0)
        for number in range(kills):
            due = 2 * trials * (number + 1) // (kills + 1)
            before = written(directory)
            driver.reach(directory, due)
            hold.touch()
            wait(lambda before=before: written(directory) > before, "the writer to be at work")
            kind = KINDS[number % len(KINDS)]
            if kind == "server":
                server.kill()
                hold.unlink()
                time.sleep(away)
                wait(lambda due=due: finished(directory) > due, "the study to go on without a server")
                hold.touch()  # or a short study would be over before the server is back
                server.start()
                wait(lambda before=written(directory): written(directory) > before, "the writer to find the server")
                hold.unlink()
            elif kind == "driver":
                driver.kill()
                hold.unlink()
                driver = Driver(directory.root, server, trials, pause)
            else:
                for pid in driver.writers():
                    os.kill(pid, signal.SIGKILL)
                hold.unlink()
            hit[kind] += 1
            print(
                f"kill {number + 1}: {kind}, {finished(directory)} trials ended, {str(read_backlog(directory))[:90]}",
                flush=True,
            )
        assert driver.process.wait(600) == 0, driver.log.read_text()[-3000:]
        if read_backlog(directory).waiting:  # the server came back too late for that driver: the next one catches up
            assert Driver(directory.root, server, trials, pause).process.wait(300) == 0
        left = read_backlog(directory)
        assert left.waiting == 0, (left, (directory.root / "tracking" / "writer.log").read_text()[-3000:])
        plan, _ = start(directory.root, trials=trials, max_epochs=9)
        return check(tracked(server), plan, directory) | hit


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--away", type=float, default=5.0)
    parser.add_argument("--drive", type=Path)
    options = parser.parse_args()
    if options.drive:
        drive(options.drive, options.trials, options.pause)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            print(run(Path(scratch), options.kills, options.trials, options.pause, options.away))
