"""The plan says which methods begin with a small encoder of ours, and which have no weights at all."""

from __future__ import annotations

import yaml

from study.console.plan_table import print_plan
from tests.study.example_study import raw


def said(capsys, tmp_path, **changes):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(raw(**changes)))
    print_plan(path)
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("careful")]


def test_shipped_and_missing_weights_are_told_apart(capsys, tmp_path):
    methods = ["supervised:ft", "random:ft", {"encoder": "simclr", "label": "big:ft", "backbone": "resnet50"}]
    small, lacking = said(capsys, tmp_path, methods=methods)
    assert small.startswith("careful supervised:ft: no `weights`, so a small encoder")
    assert lacking.startswith("careful big:ft: no `weights`, and none ship for that backbone")
    assert said(capsys, tmp_path, methods=[{"encoder": "own", "label": "mine:ft", "weights": "/data/mine.pt"}]) == []
