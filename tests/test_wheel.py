"""The wheel has all that runs a study: in a folder of its own, from an empty folder, without the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str, cwd: Path, path: Path | None = None, timeout: float = 120) -> str:
    # Without Ray's, coverage's and other processes' variables; the installed wheel comes before an editable checkout.
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= {"PYTHONPATH": str(path)} if path else {}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, so that a file that was not added is missed here and not by a user."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in run("git", "ls-files", "study", "trainables", "datasets", "search_spaces", cwd=ROOT).splitlines():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "-w", str(out)]
    run(sys.executable, "-m", "pip", "wheel", *options, str(source), cwd=source)
    return next(out.glob("skin_lesion_study-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(target)]
    run(sys.executable, "-m", "pip", "install", *options, str(wheel), cwd=target)
    return target


def test_the_wheel_has_code_and_data_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "study/specs/demo.yaml",
        "study/report/templates/report.html.j2",
        "study/report/static/report.css",
        "search_spaces/ft.yaml",
        "datasets/labels/synonyms.yaml",
        "datasets/labels/rules/own.yaml",
        "trainables/encoders/weights/test_resnet/simclr.safetensors",
    ):
        assert needed in names
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {
        "study", "trainables", "search_spaces", "datasets"
    }  # fmt: skip
    tracked = run("git", "ls-files", "study", "trainables", "datasets", "search_spaces", cwd=ROOT).splitlines()
    assert set(tracked) - set(names) == set()


def test_a_plan_needs_nothing_but_the_wheel(installed, tmp_path):
    said = run(sys.executable, "-m", "study", "plan", "demo", cwd=tmp_path, path=installed)
    assert "demo: " in said
    where = run(sys.executable, "-c", "import study; print(study.__file__)", cwd=tmp_path, path=installed)
    assert where.startswith(str(installed))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_runs_from_an_empty_folder(installed, tmp_path):
    said = run(sys.executable, "-m", "study", "run", "demo", cwd=tmp_path, path=installed, timeout=800)
    assert "report: " in said
    assert (tmp_path / "runs" / "demo" / "report.html").stat().st_size > 100_000
