"""A package of somebody else's adds to every registry by its entry points, and a spec names what it brings.

`tests/plugin_package` is installed into a folder of its own; processes that have the folder on their path see it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pandas as pd
import pytest
import yaml

import datasets
from datasets.base.manifest import DataRef
from datasets.drawing.draw import draw

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tests" / "plugin_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed in. Needs no network: setuptools builds it as it is."""
    copy, target = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", *options, str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package's source: 90 small drawn pictures."""
    root = tmp_path_factory.mktemp("images")
    table = datasets.load(DataRef(source="synthetic")).table
    table = table[table["diagnosis"].isin(["nevus", "melanoma"])].groupby("diagnosis").head(45)
    for name in table["image_id"]:
        picture = cv2.resize(draw("synthetic", name), (40, 40), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(root / f"{name}.png"), picture[..., ::-1])
    table[["image_id", "lesion_id", "diagnosis"]].to_csv(root / "images.csv", index=False)
    return root


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    """A spec that names one entry of every kind."""
    file = tmp_path_factory.mktemp("spec") / "plugin.yaml"
    content = {
        "study": "plugin",
        "methods": ["supervised:centroid", "noise:centroid"],
        "backbone": "test_resnet",
        "image_size": 32,
        "augmentation": "flips",
        "train": {"source": "practice", "root": str(images), "test": 0.3, "validation": 0.2},
        "tests": ["practice_test"],
        "search": {"sampler": "halton", "shared_design": 0, "trials": 2, "max_epochs": 1, "scheduler": "none"},
        "select": {"rule": "last_epoch"},
        "replicate": {"pairs": 2},
        "evaluate": {"copies": 2},
        "compare": {"draws": 100},
        "tracking": {"models": False},
    }
    file.write_text(yaml.safe_dump(content))
    return file


def run(*arguments: str, installed: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, filter(None, (installed, ROOT))))
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_its_entries_pass_the_checks_of_their_kinds(installed: Path, images: Path) -> None:
    checks = ["pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", str(PACKAGE / "checks.py")]
    done = run(*checks, installed=installed, PRACTICE_IMAGES=str(images))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plan_names_what_it_brings(installed: Path, spec: Path) -> None:
    done = run("study", "plan", str(spec), installed=installed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("plugin: 2 cells, 4 trials")
    without = run("study", "plan", str(spec))
    assert without.returncode == 2
    assert "a sampler is a registered one, got 'halton'" in without.stderr


@pytest.mark.slow
def test_a_study_runs_with_it(installed: Path, spec: Path, tmp_path: Path) -> None:
    """All seven kinds, in the driver and in Ray's workers. Half a minute: most of it is Ray's and MLflow's start."""
    done = run("study", "run", str(spec), "--dir", str(tmp_path / "study"), installed=installed)
    assert done.returncode == 0, done.stdout + done.stderr
    estimates = pd.read_parquet(tmp_path / "study" / "comparison" / "estimates.parquet")
    accuracy = estimates[estimates["metric"] == "accuracy"]
    assert set(accuracy["method"]) == {"supervised:centroid", "noise:centroid"}
    assert accuracy["estimate"].between(0, 1).all()
    assert "accuracy" in (tmp_path / "study" / "report.html").read_text()
