"""One list of packages whose versions are recorded, and nobody else keeps one."""

from __future__ import annotations

import platform
from pathlib import Path

import study
from study.base.versions import MODEL_REQUIREMENTS, RECORDED, WORKERS, versions


def test_every_listed_package_is_installed():
    assert "none" not in versions((*RECORDED, *MODEL_REQUIREMENTS)).values()


def test_a_missing_package_is_none_and_python_comes_first():
    assert versions(["no-such-package"]) == {"python": platform.python_version(), "no-such-package": "none"}


def test_nodes_need_all_but_mlflow():
    assert set(RECORDED) - set(WORKERS) == {"mlflow"}


def test_no_other_file_asks_for_pythons_version():
    """Whoever records versions starts with Python's."""
    root = Path(study.__file__).parent
    files = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if "python_version" in path.read_text()]
    assert files == ["base/versions.py"]
