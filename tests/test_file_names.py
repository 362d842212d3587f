"""No two files of the tree share a name, unless they do the same job in two rooms."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("study", "trainables", "datasets", "search_spaces")
SAME_JOB = {
    "__init__.py": "packages",
    "errors.py": "the one error of a room that others catch",
    "registry.py": "the registry, and the two rooms that hold one with functions of their own",
    "stage.py": "a room's stage of a study",
    "progress.py": "what shows progress, and what is told of it",
    "run.py": "the command, and what it calls",
    "verify.py": "the command, and what it calls",
    "encoders.py": "the command, and the checks of encoders",
    "pretrain.py": "the command, and what it calls",
    "predict.py": "the command, and what it calls",
    "objectives.py": "objectives, and the checks of them",
    "random.py": "the entry `random` of two registries",
    "own.py": "one's own encoder, one's own images",
    "roc.py": "the figure and its section",
}
SECTIONS = {path.name for path in (ROOT / "study/report/sections").glob("*.py")}
METHODS = {path.name for path in (ROOT / "trainables/ssl/methods").glob("*.py")}


def test_no_two_files_share_a_name():
    """Report sections are called after the table that they show, recipes of encoders after their SSL method."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    twice = {name for name, count in Counter(path.name for path in paths).items() if count > 1}
    assert twice - set(SAME_JOB) - SECTIONS - METHODS == set()


def test_no_exception_outlives_its_files():
    names = Counter(path.name for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    assert [name for name in SAME_JOB if names[name] < 2] == []
