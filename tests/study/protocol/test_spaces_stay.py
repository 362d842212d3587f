"""A study searches the spaces that it began with."""

from __future__ import annotations

import pytest
import yaml

import search_spaces
from search_spaces.space import HERE
from study.base.errors import StudyError
from study.protocol.opening import open_study, start_study
from study.store.trial_storage import open_storage
from tests.study.example_study import spec


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((HERE / "ft.yaml").read_text())
    return path


def widen(path):
    content = yaml.safe_load(path.read_text())
    content["parameters"]["lr"]["high"] = 10.0
    path.write_text(yaml.safe_dump(content))


def test_a_space_may_change_before_the_first_trial_and_never_after(mine, tmp_path):
    asked = spec(search={"trials": 4, "spaces": {"ft": str(mine)}})
    root = tmp_path / "study"
    start_study(asked, root)
    widen(mine)
    _, directory = start_study(asked, root)
    open_storage(directory.storage_url)
    start_study(asked, root)
    before = mine.read_text()
    mine.write_text((HERE / "ft.yaml").read_text())
    for again in (lambda: start_study(asked, root), lambda: open_study(root)):
        with pytest.raises(StudyError, match=r"searches the spaces that it began with, but 'mine'.* Restore the file"):
            again()
    mine.write_text(before)
    assert open_study(root)[0].cells[0].space.domains["lr"] == search_spaces.load(str(mine)).domains["lr"]
