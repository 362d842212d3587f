"""SGD as it was, AdamW, and learning rates that fall towards the input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

import search_spaces
from search_spaces import load
from study.base.errors import StudyError
from study.training.method_checks import check_methods
from tests.study.example_study import planned
from tests.trainables import small_jobs
from trainables.job import EncoderRef, TrainingError
from trainables.models.classifier import classifier
from trainables.training.hyperparameters import Settings
from trainables.training.optimizers import layer_groups, optimizer

MODERN = {**small_jobs.PARAMS, "optimizer": "adamw", "adamw_lr": 2e-3, "layer_decay": 0.7}
CPU = torch.device("cpu")


def made(backbone: str, **changes):
    torch.manual_seed(0)
    model = classifier(EncoderRef(name="random"), backbone, 64, 2)
    return model, Settings.of({**MODERN, **changes})


def test_sgd_without_layer_decay_is_what_it_was() -> None:
    model, settings = made("test_resnet", optimizer="sgd", layer_decay=1.0)
    found = optimizer(model, model, settings, CPU)
    assert isinstance(found, torch.optim.SGD)
    (group,) = found.param_groups
    assert (group["lr"], group["momentum"]) == (settings.lr, settings.momentum)
    assert settings.least_rate == min(1e-5, settings.lr)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "test_convnext"])
@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_every_parameter_is_in_one_group_and_rates_fall_towards_the_input(backbone: str, name: str) -> None:
    model, settings = made(backbone, optimizer=name)
    groups = layer_groups(model, settings)
    inside = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(inside) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    rate = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    first, head = next(model.encoder.backbone.parameters()), list(model.parameters())[-1]
    assert rate[id(first)] < rate[id(head)] == settings.rate
    decay = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    flat = {id(p) for p in model.parameters() if p.ndim <= 1}
    if name == "sgd":
        assert set(decay.values()) == {settings.weight_decay}
    else:
        assert all(decay[key] == 0 for key in flat)
        assert settings.weight_decay in set(decay.values())


def test_a_training_by_adamw_learns_and_is_repeated_bit_for_bit(tmp_path: Path) -> None:
    jobs = [small_jobs.job(tmp_path / name, epochs=4) for name in ("a", "b")]
    found = [small_jobs.fine_tune(small_jobs.other(job, params=MODERN)) for job in jobs]
    assert max(epoch["val_auc"] for epoch in found[0]) > 0.9
    assert small_jobs.without_clock(found[0]) == small_jobs.without_clock(found[1])


def test_a_training_by_adamw_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole = small_jobs.other(small_jobs.job(tmp_path / "whole", epochs=4), params=MODERN)
    expected = small_jobs.fine_tune(whole)
    cut = small_jobs.other(small_jobs.job(tmp_path / "cut", epochs=4), params=MODERN)

    def stop(epoch: int, metrics, path) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_jobs.fine_tune(cut, report=stop)
    assert small_jobs.without_clock(small_jobs.fine_tune(cut)) == small_jobs.without_clock(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "lion"}, "cannot use optimizer = 'lion'"),
        ({"adamw_lr": 0.0}, "cannot use adamw_lr = 0.0"),
        ({"layer_decay": 1.5}, "cannot use layer_decay = 1.5"),
    ],
)
def test_impossible_values_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        Settings.of({**MODERN, **changes})


def test_the_modern_space_serves_both_optimizers() -> None:
    space = load("ft-modern")
    for name in ("sgd", "adamw"):
        Settings.of({**space.at([0.5] * space.dimensions), "optimizer": name})
    check_methods(planned(search={"trials": 3, "shared_design": 2, "spaces": {"ft": "ft-modern"}}))


def test_a_space_whose_optimizer_has_no_range_is_one_error_before_anything_starts(tmp_path: Path) -> None:
    content = yaml.safe_load((Path(search_spaces.__file__).parent / "ft-modern.yaml").read_text())
    del content["parameters"]["adamw_lr"]
    content.pop("grid")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    spaces = {"ft": str(tmp_path / "mine.yaml")}
    with pytest.raises(StudyError, match=r"supervised:ft with optimizer adamw: .* the search space lacks adamw_lr"):
        check_methods(planned(search={"trials": 3, "shared_design": 2, "spaces": spaces}))


@pytest.mark.parametrize(
    ("pipeline", "changes", "message"),
    [
        ("ft", {"schedule": {"choice": ["cosine", "cosin"]}}, "Fine-tuning cannot use schedule = 'cosin'"),
        ("ft", {"lr": {"low": -0.1, "high": 0.1}}, "Fine-tuning cannot use lr = "),
        ("ft", {"batch_size": {"low": 8, "high": 64}}, "cannot use batch_size"),
        ("lora", {"lora_rank": {"choice": [0, 4]}}, "LoRA needs lora_rank >= 1"),
        ("linear", {"balanced": {"choice": [True, 2]}}, "A probe needs balanced true or false"),
        ("knn", {"temperature": {"choice": [0, 1]}}, "A probe needs temperature > 0"),
        ("attentive", {"queries": {"choice": [0, 1]}}, "The pipeline attentive needs queries >= 1"),
        ("ucl-ft", {"stage_epochs": {"choice": [0, 5]}}, "epochs"),
    ],
)
def test_a_value_that_no_trial_could_train_with_is_refused_before_anything_starts(
    pipeline: str, changes: dict[str, object], message: str
) -> None:
    found = planned(
        methods=["supervised:ft", f"simclr:{pipeline}"], search={"trials": 3, "spaces": {pipeline: changes}}
    )
    with pytest.raises(StudyError, match=message):
        check_methods(found)
    check_methods(found, begun=True)  # an older version let it begin: its trials say so themselves
