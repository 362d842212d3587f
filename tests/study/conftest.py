"""One finished study, shared by all tests of the room that only read it."""

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
def small_study(tmp_path_factory, worker_id):
    """The directory of a finished study on drawn lesions: two methods, one fraction. Copy it before you change it.

    Where tests run side by side, the first process that asks makes it for all of them.
    """
    place = tmp_path_factory.getbasetemp()
    root = (place if worker_id == "master" else place.parent) / "finished" / "study"
    with FileLock(f"{root.parent}.lock", timeout=600):
        if not (root / "report.html").exists():
            search = {"trials": 2, "max_epochs": 2, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}}
            train = {"source": "synthetic", "fractions": [1.0]}
            small = spec(train=train, search=search, resources={"max_concurrent": 1}, tracking={"models": False})
            run_study(*start_study(small, root))
    return root
