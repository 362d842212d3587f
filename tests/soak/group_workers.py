"""Workers of a group (DDP) killed while it trains: `python -m tests.soak.group_workers [--seed S] [--write]`.

A search whose trials train on two workers each; one worker after the other is killed at a random moment. The trial goes
on, and every epoch of every trial is there once, with the value of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from tests.soak import reliability
from tests.study.search import crash
from tests.study.search.example_cells import job_maker, small_plan
from tests.study.search.toys import curve

WORKER = "RayTrainWorker"
TRIALS, EPOCHS = 3, 4


def drive(root: Path) -> None:
    """The search, in a process of its own."""
    plan = small_plan(
        trials=TRIALS,
        max_epochs=EPOCHS,
        shared_design=2,
        methods=("supervised:ft",),
        resources={"workers_per_trial": 2, "cpus_per_trial": 1},
    )
    run_search(plan, StudyDirectory(root), job_maker(root), train="tests.study.search.toys:train_group")


class Groups(crash.Study):
    """A search of groups under attack."""

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.soak.group_workers", "--drive", str(self.root)]
        env = {**os.environ, "RAY_TMPDIR": str(self.root), "TOY_SECONDS": "1", "RAY_raylet_start_wait_time_s": "300"}
        with (self.root / "driver.txt").open("ab") as log:
            return subprocess.Popen(command, env=env, cwd=crash.ROOT, stdout=log, stderr=log, start_new_session=True)


def play(study: Groups, kills: int, chance: random.Random, happened: list[str]) -> None:
    """Kill one worker in each of the first trials, then let the search end."""
    driver = study.start()
    deadline = time.monotonic() + 2 * crash.LIMIT
    while driver.poll() is None and len(happened) < kills and time.monotonic() < deadline:
        before = study.finished()
        while driver.poll() is None and study.epochs() == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(chance.uniform(0, 2))
        found = study.processes(WORKER)
        if found:
            os.kill(chance.choice(found), signal.SIGKILL)
            happened.append("worker of a group")
        while driver.poll() is None and study.finished() == before and time.monotonic() < deadline:
            time.sleep(0.2)
    assert driver.wait(2 * crash.LIMIT) == 0, study.said()[-300:]
    trials = study.trials()
    assert len(trials) == TRIALS, f"{len(trials)} trials"
    for trial in trials:
        assert trial.state in ("COMPLETE", "PRUNED"), f"{trial.number}: {trial.state} {trial.reason}"
        assert [r.epoch for r in trial.epochs] == list(range(1, len(trial.epochs) + 1)), "no epoch missing or doubled"
        assert all(abs(r.metrics["val_auc"] - curve(trial.params, r.epoch)) < 1e-6 for r in trial.epochs), "its values"
    left = study.orphans()
    assert not left, f"left behind: {left}"


def main() -> int:
    """One round; exit code 1 where it went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--drive", type=Path)
    options = parser.parse_args()
    if options.drive:
        drive(options.drive)
        return 0
    happened: list[str] = []
    started, wrong = time.monotonic(), ""
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as scratch:
        study = Groups(Path(scratch))
        try:
            play(study, options.kills, random.Random(f"{options.seed}/groups"), happened)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            wrong = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        for pid in study.processes():
            os.kill(pid, signal.SIGKILL)
    found = reliability.Round(
        game="groups",
        seed=options.seed,
        number=0,
        faults=tuple(happened),
        seconds=round(time.monotonic() - started, 1),
        wrong=wrong,
    )
    print(found.line())
    if options.write:
        reliability.add([found])
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
