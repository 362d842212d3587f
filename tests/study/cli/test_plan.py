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


def test_caps_of_a_cell_are_named(tmp_path):
    assert "no cell over" not in plan(tmp_path)
    search = {**raw()["search"], "seconds_per_cell": 900}
    assert "no cell over 900 device-seconds" in plan(tmp_path, search=search)


def test_costs_are_shown_only_when_asked_for(tmp_path):
    assert "GMACs" not in plan(tmp_path)
    said = plan(tmp_path, "--costs", methods=["supervised:ft", "supervised:lora"])
    rows = [line for line in said.partition("what each method costs")[2].splitlines() if "supervised" in line]
    assert [line.split()[1] for line in rows] == ["supervised:ft", "supervised:lora"]
    assert " to " in rows[1]


def clinic(tmp_path, classes):
    """A folder of four pictures whose rules name the classes as given, and a spec's `tests` that has it."""
    for number in range(2):
        for word in ("naevus", "melanoma"):
            picture(tmp_path / "clinic" / word / f"{number}.jpg", number)
    rules = {"tasks": {"melanoma": {"classes": classes}}}
    (tmp_path / "clinic" / "rules.yaml").write_text(yaml.safe_dump(rules, sort_keys=False))
    return [{"source": "folder", "root": str(tmp_path / "clinic")}]


def test_other_classes_are_refused_with_data_alone(tmp_path):
    tests = clinic(tmp_path, {"naevus": ["naevus"], "melanoma": ["melanoma"]})
    assert "fair" in plan(tmp_path, tests=tests)
    with pytest.raises(
        StudyError, match=r"folder has naevus, melanoma and synthetic has benign, melanoma: 'naevus' not "
    ):
        plan(tmp_path, "--data", tests=tests)


def test_classes_in_another_order_are_refused_and_the_order_is_explained(tmp_path):
    tests = clinic(tmp_path, {"melanoma": ["melanoma"], "benign": ["naevus"]})
    with pytest.raises(StudyError, match=r"same classes in another order; .* the positive class last"):
        plan(tmp_path, "--data", tests=tests)


def test_how_a_class_is_written_does_not_matter(tmp_path):
    tests = clinic(tmp_path, {"Benign ": ["naevus"], "MELANOMAS": ["melanoma"]})
    assert "data folder: 4 images; 2 Benign , 2 MELANOMAS" in plan(tmp_path, "--data", tests=tests)
