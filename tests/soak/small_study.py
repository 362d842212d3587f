"""The smallest whole study that has every part: two methods, trials that ASHA stops, replicates, two test sets, MLflow.

One trial runs at a time, so that two undisturbed runs end alike, and a disturbed one can be held against one of them.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from study.pipeline.verify import verify
from study.protocol.opening import load_study
from study.store.trial_storage import study_trials
from tests.study.search import crash
from tests.study.tracking.readback import check as check_tracking
from tests.tools.tampering import result

SPEC = {
    "study": "soak",
    "methods": ["supervised:ft", "simclr:linear"],
    "backbone": "test_resnet",
    "image_size": 32,
    "train": {"source": "synthetic", "fractions": [1.0]},
    "tests": ["synthetic_test", "synthetic_device"],
    "search": {"trials": 4, "max_epochs": 3, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}},
    "replicate": {"pairs": 2},
    "evaluate": {"copies": 2},
    "resources": {"max_concurrent": 1},
    "tracking": {"models": False},
}
COMPILER = shutil.which("cc")  # of the library that moves a clock
CLOCKED = ("second", "images_per", "device", "started", "ended", "time", "features_computed")
"""Parts of the names of what a clock decides, and of how much had to be computed again."""


class SmallStudy(crash.Study):
    """A whole study in `root/study`, run by the command line; what it prints lies in `root/driver.txt`."""

    clock: bool = False  # whether its clock can be moved

    @property
    def home(self) -> Path:
        return self.root / "study"

    def prepare(self) -> SmallStudy:
        """Write its spec."""
        self.root.mkdir(exist_ok=True)
        (self.root / "spec.yaml").write_text(yaml.safe_dump(SPEC, sort_keys=False))
        return self

    def with_clock(self) -> None:
        """Let its clock be moved, from its next start on."""
        assert COMPILER is not None
        command = [COMPILER, "-shared", "-fPIC", "-o", str(self.root / "clock.so"), "-ldl"]
        source = Path(__file__).with_name("moved_clock.c")
        subprocess.run([*command, str(source)], check=True, timeout=60)
        self.clock = True
        self.move_clock(0)

    def move_clock(self, seconds: int) -> None:
        """Let the wall clock of all its processes be so many seconds ahead, at once."""
        with open(self.root / "clock", "r+b" if (self.root / "clock").exists() else "wb") as file:
            file.write(struct.pack("q", seconds))

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "study", "run", str(self.root / "spec.yaml"), "--dir", str(self.home), *more]
        return self._start(command)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the study, to its end."""
        line = [sys.executable, "-m", "study", *arguments]
        return subprocess.run(line, env=self._environment(), capture_output=True, text=True, timeout=crash.LIMIT)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.root / "driver.txt").open("ab") as log:
            return subprocess.Popen(
                command, env=self._environment(), cwd=crash.ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def _environment(self) -> dict[str, str]:
        more = {"RAY_TMPDIR": str(self.root), "RAY_raylet_start_wait_time_s": "300", "PYTHONUNBUFFERED": "1"}
        if self.clock:
            more |= {"LD_PRELOAD": str(self.root / "clock.so"), "MOVED_CLOCK": str(self.root / "clock")}
        return {**os.environ, **more}

    def progress(self) -> int:
        """Lines that its drivers have printed."""
        return self.said().count("\n") if (self.root / "driver.txt").exists() else 0

    def reached(self, driver: subprocess.Popen[bytes], line: int, delay: float) -> bool:
        """Wait until so many lines are printed, and `delay` seconds more; whether the driver still runs then."""
        deadline = time.monotonic() + crash.LIMIT
        while driver.poll() is None and self.progress() < line and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(delay)
        return driver.poll() is None

    def workers(self) -> list[int]:
        """Processes that train or score at this moment."""
        return [
            pid for pid in self.processes("ray::") if _title(pid).partition("::")[2][:4] not in ("IDLE", "Dash", "Runt")
        ]


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return "ray::IDLE"


def ending(home: Path) -> dict[str, Any]:
    """What a finished study says, but for times and what is made of them."""
    plan, directory = load_study(home)
    trials = [
        (
            t.cell,
            t.number,
            t.state,
            t.origin,
            dict(t.params),
            t.value,
            [(r.epoch, _timeless(r.metrics)) for r in t.epochs],
        )
        for t in study_trials(plan, directory)
    ]
    tables = {
        str(path.relative_to(home)): _table(path)
        for folder in (directory.predictions, directory.validation)
        for path in sorted(folder.rglob("*.parquet"))
    }
    said = result(home)
    said.pop("context")
    return {"trials": sorted(trials, key=str), "predictions": tables, **said}


def _timeless(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not any(part in name for part in CLOCKED)}


def _table(path: Path) -> str:
    table = pd.read_parquet(path)
    return table[[name for name in table if not any(part in str(name) for part in CLOCKED)]].to_csv(index=False)


def tracked(home: Path) -> dict[str, Any]:
    """What MLflow has of a finished study: the study's own values, one run each, and the names of its artifacts."""
    from mlflow import MlflowClient

    plan, directory = load_study(home)
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    counts = check_tracking(client, plan, directory)
    (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    artifacts = {run.data.tags["study_key"]: _artifacts(client, run.info.run_id, "") for run in runs}
    metrics = {run.data.tags["study_key"]: sorted(_timeless(run.data.metrics).items()) for run in runs}
    return {"counts": counts, "artifacts": artifacts, "metrics": metrics}


def _artifacts(client: Any, run: str, folder: str) -> list[str]:
    names: list[str] = []
    for item in client.list_artifacts(run, folder or None):
        names += _artifacts(client, run, item.path) if item.is_dir else [item.path]
    return sorted(names)


def differences(home: Path, undisturbed: dict[str, Any]) -> list[str]:
    """In what a finished study differs from an undisturbed one, by its records, its chain and MLflow."""
    found = {**ending(home), "mlflow": tracked(home)}
    broken = [link.name for link in verify(*load_study(home)) if link.answer == "broken"]
    return [name for name in undisturbed if found[name] != undisturbed[name]] + [f"broken: {name}" for name in broken]
