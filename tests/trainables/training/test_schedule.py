"""Layers learn at one schedule, each at its own share of the rate; without layer-wise decay it is torch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from tests.trainables.small_jobs import PARAMS
from trainables.job import EncoderRef
from trainables.models.classifier import classifier
from trainables.training.hyperparameters import Settings
from trainables.training.optimizers import optimizer
from trainables.training.schedule import Schedule

EPOCHS = 40
BOTH = pytest.mark.parametrize("schedule", ["cosine", "plateau"])
OPTIMIZERS = pytest.mark.parametrize("name", ["sgd", "adamw"])


def made(**changes: Any) -> tuple[torch.optim.Optimizer, Settings]:
    """An optimizer of a network whose lowest layers begin far below the least rate, where `layer_decay` is small."""
    torch.manual_seed(0)
    model = classifier(EncoderRef(name="random"), "test_resnet", 32, 2)
    settings = Settings.of({**PARAMS, "adamw_lr": 2e-3, **changes})
    return optimizer(model, model, settings, torch.device("cpu")), settings


def rates(optimiser: torch.optim.Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimiser.param_groups]


def run(optimiser: torch.optim.Optimizer, schedule: Schedule, epochs: int) -> list[list[float]]:
    """The rates of every group in each of these epochs, and after them."""
    found = [rates(optimiser)]
    for _ in range(epochs):
        optimiser.step()
        schedule.step(1.0)
        found.append(rates(optimiser))
    return found


def of_torch(optimiser: torch.optim.Optimizer, settings: Settings) -> CosineAnnealingLR | ReduceLROnPlateau:
    """The scheduler that older versions left all groups to."""
    if settings.schedule == "cosine":
        return CosineAnnealingLR(optimiser, T_max=EPOCHS, eta_min=settings.least_rate)
    return ReduceLROnPlateau(optimiser, factor=0.1, patience=10, min_lr=settings.least_rate)


def step(optimiser: torch.optim.Optimizer, scheduler: CosineAnnealingLR | ReduceLROnPlateau) -> None:
    optimiser.step()
    scheduler.step(*[1.0] * isinstance(scheduler, ReduceLROnPlateau))


@BOTH
@OPTIMIZERS
@pytest.mark.parametrize("warmup", [0, 3])
def test_layers_keep_their_shares_of_the_rate_in_every_epoch(schedule: str, name: str, warmup: int) -> None:
    optimiser, settings = made(optimizer=name, schedule=schedule, layer_decay=0.1, warmup=warmup)
    first = rates(optimiser)
    assert min(first) < settings.least_rate < max(first) == settings.rate
    found = run(optimiser, Schedule(optimiser, settings, EPOCHS), EPOCHS)
    shares = [rate / settings.rate for rate in first]
    for epoch in found:
        assert [rate / max(epoch) for rate in epoch] == pytest.approx(shares, rel=1e-12)
    highest = [max(epoch) for epoch in found]
    assert highest[warmup] == settings.rate
    assert highest[warmup:] == sorted(highest[warmup:], reverse=True)
    if schedule == "cosine":
        assert highest[-1] == pytest.approx(settings.least_rate)
    else:
        assert highest[-1] < settings.rate / 50


@BOTH
@OPTIMIZERS
def test_layers_of_one_rate_learn_at_exactly_that_of_torch(schedule: str, name: str) -> None:
    optimiser, settings = made(optimizer=name, schedule=schedule)
    other, _ = made(optimizer=name, schedule=schedule)
    scheduler, expected = of_torch(other, settings), [rates(other)]
    for _ in range(EPOCHS):
        step(other, scheduler)
        expected.append(rates(other))
    assert run(optimiser, Schedule(optimiser, settings, EPOCHS), EPOCHS) == expected


def old_state(optimiser: torch.optim.Optimizer, settings: Settings, epochs: int) -> dict[str, Any]:
    """What an older version wrote after so many epochs; the oldest had no `epochs` in it."""
    scheduler = of_torch(optimiser, settings)
    for _ in range(epochs):
        step(optimiser, scheduler)
    return {name: value for name, value in scheduler.state_dict().items() if isinstance(value, int | float | list)}


@BOTH
@OPTIMIZERS
@pytest.mark.parametrize("counted", [False, True])
def test_a_state_of_an_older_version_goes_on_as_it_would_have(schedule: str, name: str, counted: bool) -> None:
    whole, settings = made(optimizer=name, schedule=schedule)
    expected = run(whole, Schedule(whole, settings, EPOCHS), EPOCHS)[15:]
    cut, _ = made(optimizer=name, schedule=schedule)
    state = old_state(cut, settings, 15)
    again, _ = made(optimizer=name, schedule=schedule)
    schedule_again = Schedule(again, settings, EPOCHS)
    again.load_state_dict(cut.state_dict())
    schedule_again.load_state_dict({**state, "epochs": 15} if counted else state)
    assert run(again, schedule_again, EPOCHS - 15) == expected


@BOTH
def test_layers_that_an_older_version_let_drift_apart_return_to_their_shares(schedule: str) -> None:
    options = {"optimizer": "adamw", "schedule": schedule, "layer_decay": 0.1}
    whole, settings = made(**options)
    expected = run(whole, Schedule(whole, settings, EPOCHS), EPOCHS)[15:]
    cut, _ = made(**options)
    state = old_state(cut, settings, 15)
    assert rates(cut) != pytest.approx(expected[0])
    again, _ = made(**options)
    schedule_again = Schedule(again, settings, EPOCHS)
    again.load_state_dict(cut.state_dict())
    schedule_again.load_state_dict({**state, "epochs": 15})
    for found, wanted in zip(run(again, schedule_again, EPOCHS - 15), expected, strict=True):
        assert found == pytest.approx(wanted, rel=1e-12)
