"""What tests of the room share: a finished study that they only read, and stages without a writer to MLflow."""

from __future__ import annotations

import pytest
from filelock import FileLock

from study.pipeline.run import run_study
from study.protocol.opening import start_study
from study.store.stage import Observer
from tests.study.example_study import spec


@pytest.fixture(autouse=True)
def untracked(monkeypatch):
    """No stage that a test runs in its own process starts a writer to MLflow, which takes four seconds of a core.

    Whole runs by the command line are tracked, and so is `small_study`; `tests/study/tracking` looks at tracking.
    """
    monkeypatch.setattr("study.pipeline.run.open_tracker", lambda plan, directory: Untracked())


class Untracked(Observer):
    """What a study calls where nothing is tracked."""

    def close(self) -> None:
        """There is nothing to wait for."""


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A folder for what the first process that asks makes for all: tests run side by side, those of a module too."""
    place = tmp_path_factory.getbasetemp()
    return (place if worker_id == "master" else place.parent) / "finished"


@pytest.fixture(scope="session")
def small_study(shared):
    """The directory of a finished study on drawn lesions: two methods, one fraction. Copy it before you change it."""
    root = shared / "study"
    with FileLock(f"{shared}.lock", timeout=600):
        if not (root / "report.html").exists():
            search = {"trials": 2, "max_epochs": 2, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}}
            train = {"source": "synthetic", "fractions": [1.0]}
            small = spec(train=train, search=search, resources={"max_concurrent": 1}, tracking={"models": False})
            run_study(*start_study(small, root))
    return root
