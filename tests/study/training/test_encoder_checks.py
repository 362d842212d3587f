"""`study encoders` and the specs of the published study."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.plan.cells import plan
from study.spec.loading import load_spec
from study.training import encoder_checks
from tests.study.example_study import planned

SPECS = Path(__file__).parents[3] / "study" / "specs"


def test_check_prints_keys_size_normalisation_and_features(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        "study: s\nmethods: [supervised:ft, simclr:ft, {encoder: random, pipeline: linear}]\nbackbone: test_resnet\n"
        "image_size: 32\ntrain: {source: synthetic}\ntests: [synthetic_test]\n"
    )
    found = CliRunner().invoke(app, ["encoders", "check", str(spec)])
    assert found.exit_code == 0, found.output
    for text in ("supervised:ft", "matched: 90 keys", "missing: none", "parameters: 372,688", "features: 96", "mean ("):
        assert text in found.output
    assert found.output.count("on 64 images: mean ") == 3
    assert "random:linear\n  weights: nothing: they are drawn anew" in found.output


def test_methods_that_share_an_encoder_are_checked_once() -> None:
    found = encoder_checks.references(planned(methods=["simclr:ft", "byol:ft", "simclr:ucl-ft"]))
    assert list(found.values()) == [("simclr:ft", "simclr:ucl-ft"), ("byol:ft",)]


def test_all_that_is_wrong_is_said_at_once_and_the_sound_ones_are_shown(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").touch()
    missing = {"encoder": "swav", "weights": "/none/such.pth", "pipeline": "ft"}
    empty = {"encoder": "own", "weights": str(tmp_path / "empty.pth"), "pipeline": "ft"}
    checked = encoder_checks.check(planned(methods=["supervised:ft", missing, empty], backbone="test_resnet"))
    assert next(checked).methods == ("supervised:ft",)
    with pytest.raises(StudyError, match=r"(?s)swav:ft: Weights are a file.*own:ft: A weight file holds weights, but"):
        next(checked)


def test_statistics_see_a_collapse() -> None:
    import numpy as np
    import torch

    from trainables.encoders import build
    from trainables.job import EncoderRef

    torch.manual_seed(0)
    encoder = build(EncoderRef(name="random"), "test_resnet", image_size=32)
    images = np.random.default_rng(0).integers(0, 255, (16, 32, 32, 3), dtype=np.uint8)
    sound = encoder_checks.statistics(encoder, images)
    for parameter in encoder.backbone.layer4.parameters():
        torch.nn.init.zeros_(parameter)
    collapsed = encoder_checks.statistics(encoder, images)
    assert sound["directions"] > 2
    assert sound["dead"] < collapsed["dead"] == 1.0


def test_the_published_study_is_the_published_one() -> None:
    found = plan(load_spec(SPECS / "paper.yaml"))
    by_method = {cell.method.name: cell for cell in found.cells if cell.fraction == 1.0}
    assert len(by_method["supervised:ft"].space.grid_points()) == by_method["supervised:ft"].trials == 60
    assert {cell.fraction for cell in found.cells} == {1.0, 0.1, 0.01}
    assert {cell.method.encoder for cell in found.cells} == {
        "supervised",
        "simclr",
        "swav",
        "byol",
        "moco_v2",
        "infomin",
    }
    assert {cell.method.pipeline for cell in found.cells} == {"ft", "ucl-ft", "scl-ft"}
    assert all(cell.trials >= found.spec.select.k for cell in found.cells)
    assert len(by_method["simclr:ucl-ft"].space.grid_points()) == 24


def test_its_fair_twin_differs_in_nothing_but_fairness() -> None:
    paper, tuned = load_spec(SPECS / "paper.yaml"), load_spec(SPECS / "tuned.yaml")
    assert (tuned.methods, tuned.tests, tuned.backbone) == (paper.methods, paper.tests, paper.backbone)
    assert (tuned.train.fractions, tuned.train.subsamples) == (paper.train.fractions, paper.train.subsamples)
    assert not tuned.accept_unfair
    assert not tuned.accept_leaks
    assert len({(cell.trials, cell.max_epochs) for cell in plan(tuned).cells}) == 1
