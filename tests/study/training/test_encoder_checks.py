"""`study encoders` and the specs of the published study."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.plan import fairness_rules
from study.plan.cells import plan
from study.protocol.opening import start_study
from study.spec.loading import load_spec
from study.store.selection_record import Winner
from study.training import encoder_checks
from study.training.jobs import replicate_job
from study.training.method_checks import check_methods
from tests.study import example_study
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
    assert found.output.count("on 16 images: mean ") == 3
    assert "random:linear\n  weights: nothing: they are drawn anew" in found.output


def test_methods_that_share_an_encoder_are_checked_once() -> None:
    found = encoder_checks.starts(planned(methods=["simclr:ft", "byol:ft", "simclr:ucl-ft"]))
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


VIT = {"encoder": "random", "backbone": "test_vit", "image_size": 64, "label": "vit:ft"}


def test_methods_stand_on_their_own_backbones_at_their_own_sizes(tmp_path: Path) -> None:
    methods = ["supervised:ft", VIT, {**VIT, "image_size": 48, "label": "small:ft"}]
    plan, directory = start_study(example_study.spec(methods=methods), tmp_path / "study")
    cells = {cell.method.name: (cell.backbone, cell.image_size) for cell in plan.cells}
    assert cells == {"supervised:ft": ("test_resnet", 32), "vit:ft": ("test_vit", 64), "small:ft": ("test_vit", 48)}
    winner = Winner(cell="vit-ft-1", rank=0, trial=0, value=0.8, params={"lr": 0.1})
    job = replicate_job(plan, directory, winner, 1)
    assert (job.backbone, job.image_size, job.data.short_side) == ("test_vit", 64, 74)  # one decode, of the largest
    shapes = [found.facts["backbone"] for found in encoder_checks.check(plan)]
    note = "(its weights are of 160 px: position embeddings are resampled)"
    assert shapes == ["test_resnet at 32 px", f"test_vit at 64 px {note}", f"test_vit at 48 px {note}"]
    table = fairness_rules.parity(plan)
    rows = set(zip(table["method"], table["backbone"], table["image_size"], strict=True))
    assert rows == {(name, *start) for name, start in cells.items()}


def test_a_spec_without_backbones_of_methods_keeps_its_digest() -> None:
    plain = example_study.spec()
    assert all("backbone" not in method for method in plain.identity()["methods"])
    other = example_study.spec(methods=[{"encoder": "supervised", "backbone": "test_vit"}, "simclr:ft"])
    assert plain.digest != other.digest


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({**VIT, "backbone": "vit_smal_patch16_224"}, r"near it: vit_small_patch16_224"),
        (
            {**VIT, "image_size": 70},
            r"a multiple of the patches of test_vit, 16 px, got 70. Set image_size .* to 64 or 80",
        ),
    ],
)
def test_a_backbone_that_cannot_be_is_one_error_before_anything_starts(method: dict, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        check_methods(planned(methods=["supervised:ft", method]))


def test_a_spec_may_demand_open_licences() -> None:
    plan = planned(methods=["supervised:ft", "vicreg:ft"], licence="open")
    with pytest.raises(StudyError, match=r"weights of vicreg \(vicreg:ft\) are under CC-BY-NC-4.0"):
        check_methods(plan)
    check_methods(planned(methods=["supervised:ft", "simclr:ft"], licence="open"))
    assert example_study.spec(licence="open").digest == example_study.spec().digest  # it decides no result
