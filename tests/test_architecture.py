"""The house: every room has its floor, no module is in a circle, and an import upwards is red."""

import shutil
import subprocess
import sys
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from tests.tools.architecture import PAGE, ROOT, TOPS, Architecture, architecture, written


@lru_cache
def house() -> Architecture:
    return architecture(ROOT)


def floors() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["name"] == "Floors")["layers"]
    return [room.strip(" ()") for layer in layers for room in layer.split("|")]


def test_every_room_has_a_floor_in_the_contract() -> None:
    named = set(floors())
    missing = [room for room in house().rooms if room not in named and room.partition(".")[0] not in named]
    assert missing == []
    assert len(floors()) == len(named)


def test_no_module_is_in_a_circle() -> None:
    assert house().circles == []


def test_the_map_in_the_docs_is_the_present_one() -> None:
    """Renew it with `make docs`."""
    assert written(PAGE.read_text(), house()) == PAGE.read_text()


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("study/store/directory.py", "from study.pipeline import run"),
        ("datasets/base/seeds.py", "from datasets.cache import store"),
        ("trainables/job.py", "from study.base.errors import StudyError"),
        ("study/report/page.py", "import torch"),
    ],
)
def test_an_import_turned_round_is_red(file: str, line: str, tmp_path: Path) -> None:
    for name in TOPS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text((tmp_path / file).read_text() + f"\n{line}\n")
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout
    assert file.removesuffix(".py").replace("/", ".") in done.stdout
