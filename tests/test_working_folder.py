"""A command may run where folders are named as our packages are: a study in `study`, images in `datasets`."""

from __future__ import annotations

import subprocess
import sys

PACKAGES = ("study", "trainables", "search_spaces", "datasets")


def test_folders_beside_a_command_hide_no_package(tmp_path):
    """Ray's workers and the writer to MLflow look for modules first where the command was given."""
    for name in PACKAGES:
        (tmp_path / name / "comparison").mkdir(parents=True)
    modules = (
        "study.comparison.metrics",
        "study.tracking.sync",
        "datasets.base",
        "trainables.ray_train",
        "search_spaces",
    )
    code = f"import {', '.join(modules)}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
