"""Data and training run where ray, optuna and mlflow are absent: so it does in a notebook or under torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import importlib.abc, json, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ray", "optuna", "mlflow"):
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)
        return None

sys.meta_path.insert(0, Blocker())
"""

TRAIN = (
    BLOCKED
    + """
from pathlib import Path
import datasets, search_spaces
from datasets.base.manifest import DataRef
from datasets.splits.split import Scheme
from datasets.splits.make import make_split
from trainables.job import EncoderRef, Job, TrainingData
from trainables.predict import predict
from trainables.run_job import train
from trainables.training.task_data import load_task

root = Path(sys.argv[1])
ref = DataRef(source="synthetic")
make_split(datasets.load(ref), Scheme(), index=0, fraction=0.05).write(root / "split.csv")
data = TrainingData(ref=ref, split_file=str(root / "split.csv"), short_side=36)
space, heard = search_spaces.load("ft"), []
job = Job(
    encoder=EncoderRef(name="simclr"), pipeline="ft", backbone="test_resnet", image_size=32,
    params=space.at([0.5] * space.dimensions), data=data, max_epochs=1, objective="val_auc", seed=0,
    directory=str(root / "trial"), stages=str(root / "stages"),
)
train(job, lambda epoch, metrics, checkpoint: heard.append(metrics["val_auc"]), device="cpu")
task = load_task(data)
scores = predict(str(root / "trial" / "best.pt"), task.images, task.validation.rows, copies=2, seed=0)
assert len(heard) == 1 and len(scores.mean) == len(task.validation.rows)
assert not any(name.partition(".")[0] in ("ray", "optuna", "mlflow") for name in sys.modules)
print("trained")
"""
)

IMPORT_ALL = (
    BLOCKED
    + """
import importlib, pkgutil
for package in ("datasets", "search_spaces", "trainables"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        importlib.import_module(found.name)
print("imported")
"""
)


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_job_trains_and_predicts_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKIN_CACHE", os.environ.get("SKIN_CACHE", str(tmp_path / "cache")))
    assert run(TRAIN, str(tmp_path)).strip().endswith("trained")


@pytest.mark.slow  # the import contracts hold this statically, module by module
def test_every_module_of_data_and_training_imports_without_them() -> None:
    assert run(IMPORT_ALL).strip().endswith("imported")
