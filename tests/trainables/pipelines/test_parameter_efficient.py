"""LoRA and BitFit: few weights are trained, and what is kept is a plain classifier that computes the same."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import search_spaces
from tests.trainables import small_jobs
from trainables.job import EncoderRef, Job, StopTraining, TrainingError
from trainables.models.adapters import adaptable, add_lora, merged, train_biases_alone
from trainables.models.classifier import Classifier, classifier
from trainables.pipelines.registry import PIPELINES
from trainables.predict import load_model, predict
from trainables.training import validation_metrics

pytestmark = pytest.mark.usefixtures("float32")
BACKBONES = ("test_resnet", "test_vit", "test_convnext", "test_efficientnet")
OTHERS = {"batch_size": 12, "schedule": "plateau", "balanced": False, "weight_decay": 1e-4, "adamw_lr": 2e-2}


def made(directory: Path, pipeline: str, backbone: str = "test_resnet", **changes: Any) -> Job:
    space = search_spaces.load(pipeline)
    params = {**space.at([0.5] * space.dimensions), **OTHERS, **changes.pop("params", {})}
    return small_jobs.job(directory, pipeline=pipeline, backbone=backbone, params=params, **changes)


def run(job: Job, stop: int | None = None) -> list[dict[str, float]]:
    heard: list[dict[str, float]] = []

    def report(epoch: int, metrics: Any, path: str | None) -> None:
        heard.append(dict(metrics))
        if epoch == stop:
            raise StopTraining

    with contextlib.suppress(StopTraining):
        PIPELINES.get(job.pipeline).run(job, small_jobs.task(), report, "cpu")
    return heard


def fresh(backbone: str) -> Classifier:
    torch.manual_seed(3)
    return classifier(EncoderRef(name="random"), backbone, small_jobs.SIZE, 2)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("pipeline", ["lora", "bitfit"])
def test_what_is_kept_predicts_what_was_reported(pipeline: str, backbone: str, tmp_path: Path) -> None:
    heard = run(made(tmp_path, pipeline, backbone, epochs=2))
    data = small_jobs.task()
    scores = predict(str(tmp_path / "best.pt"), data.images, data.validation.rows, copies=1, seed=0, devices=["cpu"])
    found = validation_metrics._binary(data.validation.labels == 1, scores.mean[:, 1])
    assert found == pytest.approx(max(epoch["val_auc"] for epoch in heard), abs=1e-2)
    model, _ = load_model(tmp_path / "best.pt")
    assert model.state_dict().keys() == fresh(backbone).state_dict().keys()


@pytest.mark.parametrize("pipeline", ["lora", "bitfit"])
def test_it_learns_and_goes_on_as_if_it_had_not_been_stopped(pipeline: str, tmp_path: Path) -> None:
    whole = run(made(tmp_path / "whole", pipeline, epochs=8))
    assert max(epoch["val_auc"] for epoch in whole) > 0.8
    run(made(tmp_path / "halves", pipeline, epochs=8), stop=3)
    again = run(made(tmp_path / "halves", pipeline, epochs=8))
    assert small_jobs.without_clock(again) == small_jobs.without_clock(whole)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_lora_is_the_low_rank_update_of_the_paper(backbone: str) -> None:
    model, images = fresh(backbone), torch.randint(0, 256, (3, small_jobs.SIZE, small_jobs.SIZE, 3), dtype=torch.uint8)
    before = model.eval().encode(images)
    weights = {name: value.clone() for name, value in model.state_dict().items() if "backbone" in name}
    names = adaptable(model.encoder.backbone)
    add_lora(model, rank=4, alpha=8, dropout=0.0)
    assert torch.equal(model.eval().encode(images), before)  # adapters start at zero
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert trained == {"head.weight", "head.bias"} | {name for name, _ in model.named_parameters() if ".lora_" in name}
    for name, value in model.named_parameters():
        if ".lora_B." in name:
            nn.init.normal_(value, std=0.1)
    plain = merged(model)
    assert plain.eval().encode(images) == pytest.approx(model.encode(images).detach(), abs=1e-3)
    layer = model.encoder.backbone.get_submodule(names[0])
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    expected = weights[f"encoder.backbone.{names[0]}.weight"] + 8 / 4 * (up.flatten(1) @ down.flatten(1)).view_as(
        plain.encoder.backbone.get_submodule(names[0]).weight
    )
    assert plain.encoder.backbone.get_submodule(names[0]).weight == pytest.approx(expected.detach(), abs=1e-5)


def test_lora_needs_layers_that_it_can_adapt() -> None:
    model = fresh("test_resnet")
    model.encoder.backbone = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(TrainingError, match="adapts linear layers or convolutions, but the backbone Sequential"):
        add_lora(model, rank=4, alpha=8, dropout=0.0)
    with pytest.raises(TrainingError, match="BitFit trains biases, but the encoder has none"):
        train_biases_alone(model)


def test_bitfit_changes_biases_and_head_alone(tmp_path: Path) -> None:
    run(made(tmp_path, "bitfit", encoder=EncoderRef(name="supervised"), epochs=2))
    model, _ = load_model(tmp_path / "best.pt")
    before = classifier(EncoderRef(name="supervised"), "test_resnet", small_jobs.SIZE, 2).encoder.state_dict()
    changed = {name for name, value in model.encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.endswith("bias") for name in changed)


@pytest.mark.parametrize("params", [{"lora_rank": 0}, {"lora_alpha": 0.0}, {"lora_dropout": 1.0}])
def test_impossible_adapters_are_named(params: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="LoRA needs lora_rank >= 1, lora_alpha > 0 and lora_dropout"):
        run(made(tmp_path, "lora", params=params))
