"""Specs that ship with the code are named without a path."""

import pytest

from study.base.errors import StudyError
from study.spec import shipped
from study.spec.loading import load_spec


def test_every_shipped_spec_is_called_as_its_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert {"demo", "ham10000", "paper"} <= set(shipped.names())
    for name in ("demo", "demo-all", "ham10000"):
        assert load_spec(name).study == name


def test_a_file_of_that_name_comes_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").write_text(shipped.text("demo").replace("study: demo", "study: mine"))
    assert load_spec("demo").study == "mine"


def test_a_spec_that_is_not_there_lists_what_ships(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"'demmo', which does not exist.*shipped one: .*demo, demo-all, "):
        load_spec("demmo")
    with pytest.raises(StudyError, match=r"one of .*demo, .* got 'demmo'"):
        shipped.text("demmo")
