"""Kill a search at random moments and run it again: nothing may be lost, doubled or left behind.

    python -m tests.study.search.crash --kills 30          # on a machine that does nothing else

Each study takes several kills, of the driver, the raylet, a trial's process, Ray's control store and an agent in turn,
then runs to its end. Some hit while processes start, most while trials train.
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
from dataclasses import dataclass
from pathlib import Path

from study.cluster.lifetime import own_ray
from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from study.store.trial_storage import open_storage, read_trials
from tests.study.search.example_cells import job_maker, small_plan
from tests.study.search.toys import curve

TRIALS, EPOCHS, SHARED = 12, 9, 4
KINDS = {
    "driver": "--drive",
    "raylet": "/raylet/raylet ",
    "trial": "ray::ImplicitFunc",
    "gcs": "/gcs/gcs_server ",
    "agent": "ray::RuntimeEnvAgent",
}
"""What is killed, and what its command line holds. The driver survives all but its own end, and goes on to its end."""
OUTLIVED = 10.0  # seconds after which nothing is left of a driver that has ended, however it ended
ROOT = Path(__file__).parents[3]
LIMIT = 600.0  # seconds for anything; a loaded machine is slow


def crash_plan():
    return small_plan(trials=TRIALS, max_epochs=EPOCHS, shared_design=SHARED)


def drive(root: Path) -> None:
    """One driver, as `study run` would start it."""
    own_ray.restart_when_lost()
    run_search(crash_plan(), StudyDirectory(root), job_maker(root), train="tests.study.search.toys:on_a_full_disk")


@dataclass
class Study:
    """A study under attack. Ray keeps its logs in the study's directory, which tells whose its processes are."""

    root: Path

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.study.search.crash", "--drive", str(self.root)]
        env = {**os.environ, "RAY_TMPDIR": str(self.root), "TOY_SECONDS": "0.2", "RAY_raylet_start_wait_time_s": "300"}
        with (self.root / "driver.txt").open("ab") as log:
            return subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def processes(self, name: str = "") -> list[int]:
        """Living processes of this study whose command line holds `name`: those with an open file in its directory.

        (Ray's workers overwrite their environment with their title, and lose their parent when the driver dies.)
        """
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                handles = list((entry / "fd").iterdir()) if name in line else []
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if any(_target(handle).startswith(f"{self.root}/") for handle in handles):
                found.append(int(entry.name))
        return found

    def finished(self) -> int:
        return sum(trial.finished for trial in self.trials())

    def epochs(self) -> int:
        return sum(len(trial.epochs) for trial in self.trials())

    def trials(self):
        return read_trials(StudyDirectory(self.root).storage_url, "toy")

    def run_to_end(self) -> None:
        assert self.start().wait(LIMIT) == 0, (self.root / "driver.txt").read_text()

    def attack(self, kind: str, delay: float, *, training: bool) -> str:
        """Start a driver, kill something `delay` seconds after the first trial's process is there (or, `training`,
        has reported an epoch); returns what was hit.

        The driver survives the loss of whatever else it has started.
        """
        driver = self.start()
        self.reach(driver, training=training)
        time.sleep(delay)
        target = [driver.pid] if kind == "driver" else self.processes(KINDS[kind])
        if driver.poll() is not None or not target:
            driver.wait(LIMIT)
            return "nothing"
        os.kill(target[0], signal.SIGKILL)
        driver.wait(LIMIT)
        return kind

    def reach(self, driver: subprocess.Popen[bytes], *, training: bool) -> bool:
        """Wait for a trial's process, or (`training`) for an epoch that is new; whether the driver still runs then."""
        before = self.epochs()
        deadline = time.monotonic() + LIMIT
        while driver.poll() is None and time.monotonic() < deadline:
            if self.epochs() > before if training else self.processes(KINDS["trial"]):
                break
            time.sleep(0.1)
        return driver.poll() is None

    def said(self) -> str:
        """What the study's drivers have printed."""
        return (self.root / "driver.txt").read_text(errors="replace")

    def orphans(self, limit: float = OUTLIVED) -> list[int]:
        """What is still there `limit` seconds after the last driver ended. Ray's own agents take a minute."""
        deadline = time.monotonic() + limit
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.5)
        return left


def _target(handle: Path) -> str:
    try:
        return os.readlink(handle)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def check(root: Path, reference: Path) -> None:
    """The rules that every ended study keeps."""
    url = StudyDirectory(root).storage_url
    trials = read_trials(url, "toy")
    undisturbed = {(t.cell, t.number): t for t in read_trials(StudyDirectory(reference).storage_url, "toy")}
    assert sorted((t.cell, t.number) for t in trials) == sorted(undisturbed), "exactly its trials per cell"
    for trial in trials:
        assert trial.state in ("COMPLETE", "PRUNED"), (trial.cell, trial.number, trial.state, trial.reason)
        assert [r.epoch for r in trial.epochs] == list(range(1, len(trial.epochs) + 1)), "no epoch missing or doubled"
        assert all(r.metrics["val_auc"] == curve(trial.params, r.epoch) for r in trial.epochs), "metrics of its own"
        if trial.origin == "shared":
            assert trial.params == undisturbed[trial.cell, trial.number].params, "the shared design as undisturbed"
    for cell in {trial.cell for trial in trials}:
        orders = sorted(r.order for trial in trials if trial.cell == cell for r in trial.epochs)
        assert orders == list(range(len(orders))), "every epoch recorded once, in one order"
    storage = open_storage(url)
    for study in storage.get_all_studies():
        for frozen in storage.get_all_trials(study._study_id):
            epochs = {int(name.split(":")[1]) for name in frozen.user_attrs if name.startswith("epoch:")}
            assert epochs == set(frozen.intermediate_values), "Optuna's dashboard shows the same epochs"


def run(kills: int, per_study: int, seed: int, where: Path) -> dict[str, int]:
    """`kills` kills over as many studies as they need; counts of what was hit."""
    chance = random.Random(seed)
    reference = Study(where / "reference")
    reference.root.mkdir(parents=True)
    reference.run_to_end()
    hit: dict[str, int] = {}
    done = 0
    while done < kills:
        study = Study(Path(tempfile.mkdtemp(prefix="s", dir=where)))
        for _ in range(min(per_study, kills - done)):
            kind = study.attack(
                list(KINDS)[done % len(KINDS)], chance.uniform(0.0, 3.0), training=chance.random() < 0.7
            )
            if kind == "nothing":
                break
            hit[kind] = hit.get(kind, 0) + 1
            done += 1
            print(f"kill {done}: {kind}, {study.finished()} trials ended, {study.epochs()} epochs", flush=True)
        study.run_to_end()
        check(study.root, reference.root)
        left = study.orphans()
        assert not left, f"processes left behind: {[Path(f'/proc/{pid}/cmdline').read_text()[:120] for pid in left]}"
    return hit


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--per-study", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drive", type=Path)
    options = parser.parse_args()
    if options.drive:
        drive(options.drive)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            print("hit:", run(options.kills, options.per_study, options.seed, Path(scratch)))
