"""`study plan --data`: what reading the manifests tells, before a study directory exists."""

import pytest
import yaml
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from tests.datasets.releases import picture
from tests.study.example_study import raw


def plan(tmp_path, *options, **changes):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(raw(**changes)))
    result = CliRunner().invoke(app, ["plan", str(tmp_path / "spec.yaml"), *options])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_sizes_and_classes_are_shown_only_when_asked_for(tmp_path):
    assert "data synthetic" not in plan(tmp_path)
    said = plan(tmp_path, "--data")
    assert "data synthetic: " in said
    assert "data synthetic_device: " in said


def test_sets_whose_classes_are_spelled_differently_are_refused_with_data_alone(tmp_path):
    for number in range(2):
        for word in ("naevus", "melanoma"):
            picture(tmp_path / "clinic" / word / f"{number}.jpg", number)
    rules = {"tasks": {"melanoma": {"classes": {"naevus": ["naevus"], "melanoma": ["melanoma"]}}}}
    (tmp_path / "clinic" / "rules.yaml").write_text(yaml.safe_dump(rules))
    tests = [{"source": "folder", "root": str(tmp_path / "clinic")}]
    assert "fair" in plan(tmp_path, tests=tests)
    with pytest.raises(StudyError, match=r"have the same classes, but folder has ..melanoma', 'naevus'"):
        plan(tmp_path, "--data", tests=tests)
