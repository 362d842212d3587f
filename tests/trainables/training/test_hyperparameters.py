from __future__ import annotations

import re

import pytest
import torch

import search_spaces
from tests.trainables.small_jobs import PARAMS
from trainables.job import TrainingError
from trainables.training.hyperparameters import Settings
from trainables.training.schedule import Schedule


def made(**changes: object) -> tuple[torch.optim.SGD, Schedule]:
    settings = Settings.of({**PARAMS, **changes})
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=settings.lr)
    return optimiser, Schedule(optimiser, settings, max_epochs=20)


def rates(losses: list[float], **changes: object) -> list[float]:
    optimiser, schedule = made(**changes)
    found = []
    for loss in losses:
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step(loss)
    return [*found, optimiser.param_groups[0]["lr"]]


def test_every_shipped_space_gives_usable_settings() -> None:
    for name in ("ft", "ucl-ft", "scl-ft", "published_grid", "published_ssl", "published_contrastive"):
        Settings.of(search_spaces.load(name).at([0.5] * search_spaces.load(name).dimensions))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", 0.0),
        ("lr", "0.1"),
        ("lr", float("nan")),
        ("weight_decay", -1.0),
        ("momentum", 1.0),
        ("batch_size", 1),
        ("batch_size", 32.5),
        ("schedule", "step"),
        ("balanced", 1),
        ("patience", 0),
        ("freeze_bn", "no"),
    ],
)
def test_an_impossible_value_is_named(name: str, value: object) -> None:
    with pytest.raises(TrainingError, match=re.escape(f"cannot use {name} = {value!r}")):
        Settings.of({**PARAMS, name: value})  # type: ignore[dict-item]


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(TrainingError, match="the search space lacks momentum, patience"):
        Settings.of({name: value for name, value in PARAMS.items() if name not in ("momentum", "patience")})


def test_plateau_follows_the_validation_loss_as_published() -> None:
    found = rates([1.0] * 13, lr=0.1)
    assert found[:12] == [0.1] * 12
    assert found[12] == pytest.approx(0.01)
    assert rates([1.0 / epoch for epoch in range(1, 30)], lr=0.1)[-1] == 0.1
    assert rates([1.0] * 100, lr=0.1)[-1] == pytest.approx(1e-5)


def test_cosine_ends_at_the_published_minimum() -> None:
    found = rates([1.0] * 20, lr=0.1, schedule="cosine")
    assert found[0] == 0.1
    assert found[10] == pytest.approx(0.05, rel=1e-3)
    assert found[-1] == pytest.approx(1e-5)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_a_schedule_goes_on_from_its_state(schedule: str) -> None:
    whole = rates([1.0] * 18, lr=0.1, schedule=schedule)
    optimiser, first = made(lr=0.1, schedule=schedule)
    for _ in range(9):
        optimiser.step()
        first.step(1.0)
    again, second = made(lr=0.1, schedule=schedule)
    again.load_state_dict(optimiser.state_dict())
    second.load_state_dict(first.state_dict())
    for epoch in range(9, 18):
        assert again.param_groups[0]["lr"] == whole[epoch]
        again.step()
        second.step(1.0)


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_warm_up_rises_to_the_full_rate_and_the_schedule_follows(schedule: str) -> None:
    found = rates([1.0] * 20, lr=0.1, schedule=schedule, warmup=4)
    assert found[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert found[4:] == sorted(found[4:], reverse=True)
    assert found[-1] < 0.05
    optimiser, first = made(lr=0.1, schedule=schedule, warmup=4)
    for _ in range(2):
        optimiser.step()
        first.step(1.0)
    again, second = made(lr=0.1, schedule=schedule, warmup=4)
    again.load_state_dict(optimiser.state_dict())
    second.load_state_dict(first.state_dict())
    for epoch in range(2, 20):
        assert again.param_groups[0]["lr"] == found[epoch]
        again.step()
        second.step(1.0)
