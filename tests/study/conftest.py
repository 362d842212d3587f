"""One finished study, shared by all tests of the room that only read it."""

from __future__ import annotations

import pytest

from study.pipeline.run import run_study
from study.protocol.opening import start_study
from tests.study.example_study import spec


@pytest.fixture(scope="session")
def small_study(tmp_path_factory):
    """The directory of a finished study on drawn lesions: two methods, one fraction. Copy it before you change it."""
    search = {"trials": 2, "max_epochs": 2, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}}
    train = {"source": "synthetic", "fractions": [1.0]}
    small = spec(train=train, search=search, resources={"max_concurrent": 1}, tracking={"models": False})
    plan, directory = start_study(small, tmp_path_factory.mktemp("finished") / "study")
    run_study(plan, directory)
    return directory.root
