"""With a package like Hugging Face's `datasets` first on the path, this project's own is imported everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = str(ROOT / "datasets" / "__init__.py")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder with a stand-in: a package called `datasets`, with the record of its installation."""
    package = tmp_path / "theirs" / "datasets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("class Dataset: ...\n")
    record = package.parent / "datasets-4.0.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: datasets\nVersion: 4.0.0\n")
    return package.parent


def run(theirs: Path, *arguments: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Python with the stand-in first, and this project's code after it; started elsewhere than in our tree."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(theirs), str(path)])}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=theirs,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("first", ["study", "trainables", "study.cli", "trainables.job", "study.comparison"])
def test_ours_wins_whatever_is_imported_first(first: str, theirs: Path) -> None:
    done = run(theirs, "-c", f"import {first}, datasets, datasets.base.manifest; print(datasets.__file__)")
    assert done.stdout.strip() == OURS, done.stderr


def test_the_command_line_reads_data(theirs: Path) -> None:
    done = run(theirs, "-m", "study", "plan", str(ROOT / "study/specs/demo.yaml"))
    assert done.returncode == 0, done.stderr


def test_a_spawned_process_inherits_it(theirs: Path) -> None:
    """A `DataLoader`'s worker, for instance: its arguments are unpickled before anything of ours is imported."""
    (theirs / "main.py").write_text(
        "import multiprocessing, study\n"
        "from datasets.base.manifest import DataRef\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(repr, (DataRef(source='synthetic'),)))\n"
    )
    done = run(theirs, "main.py")
    assert "synthetic" in done.stdout, done.stderr


def test_theirs_imported_before_is_said_in_one_sentence(theirs: Path) -> None:
    done = run(theirs, "-c", "import datasets, study")
    assert done.stderr.strip().splitlines()[-1] == (
        f"ImportError: This project needs its own package `datasets` from {ROOT / 'datasets'}, but "
        f"{theirs / 'datasets' / '__init__.py'} was imported under that name (Hugging Face's package has it too). "
        "Import `study` or `trainables` before the other; if the other was installed over ours, run "
        "`pip uninstall datasets` and install this project again."
    )


def test_theirs_installed_over_ours_is_said(theirs: Path, tmp_path: Path) -> None:
    """Both as wheels in one site-packages: the later one's files win."""
    shared = tmp_path / "site-packages"
    for name in ("datasets", "trainables"):
        shutil.copytree(ROOT / name, shared / name, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    shutil.copytree(theirs / "datasets", shared / "datasets", dirs_exist_ok=True)
    done = run(shared, "-c", "import trainables", path=shared)
    assert "run `pip uninstall datasets` and install this project again" in done.stderr.splitlines()[-1]


def test_a_ray_worker_imports_ours_and_the_doctor_says_so(theirs: Path) -> None:
    (theirs / "main.py").write_text(
        "from study.cluster.doctor import Request, diagnose\n"
        "for finding in diagnose(Request()):\n"
        "    print(finding.check, finding.ok, finding.detail)\n"
    )
    done = run(theirs, "main.py")
    assert f"datasets True ours, in {ROOT / 'datasets'}; not Hugging Face's 4.0.0" in done.stdout, done.stderr
