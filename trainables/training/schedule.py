"""Learning-rate schedules of the published study, one step an epoch."""

from __future__ import annotations

from collections.abc import Mapping

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from trainables.training.hyperparameters import Settings


class Schedule:
    """Plateau: ×0.1 after 10 epochs without a lower validation loss, never below the least rate. Cosine: to that rate
    at `max_epochs`. Before either, `warmup` epochs in which the rates rise linearly to their full height.

    These are the rates of the group that begins highest, the head's. The other groups keep the share of it that they
    begin with (layer-wise decay): torch has one least rate for all, which the low ones would rise to, or stay above.

    Plateau follows the validation loss whatever the objective is, as published: the AUC of a small validation set
    moves in steps.
    """

    def __init__(self, optimiser: Optimizer, settings: Settings, max_epochs: int) -> None:
        self._scheduler: CosineAnnealingLR | ReduceLROnPlateau
        self._optimiser, self._warmup, self._epochs = optimiser, max(0, min(settings.warmup, max_epochs - 1)), 0
        if settings.schedule == "cosine":
            most = max_epochs - self._warmup
            self._scheduler = CosineAnnealingLR(optimiser, T_max=most, eta_min=settings.least_rate)
        else:
            self._scheduler = ReduceLROnPlateau(optimiser, factor=0.1, patience=10, min_lr=settings.least_rate)
        full = [float(group["lr"]) for group in optimiser.param_groups]
        self._full, self._highest = max(full), full.index(max(full))
        self._shares = [rate / self._full for rate in full]
        self._rise()

    def step(self, val_loss: float) -> None:
        """An epoch ended with this validation loss."""
        self._epochs += 1
        if self._epochs <= self._warmup:
            self._rise()
        elif isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(val_loss)
        else:
            self._scheduler.step()
        self._follow()

    def state_dict(self) -> dict[str, object]:
        """For the checkpoint."""
        state = self._scheduler.state_dict()
        kept = {name: value for name, value in state.items() if isinstance(value, int | float | list)}
        return {**kept, "epochs": self._epochs}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """From the checkpoint, after the optimizer's own: older versions let the groups' rates drift apart."""
        state = dict(state)
        self._epochs = int(state.pop("epochs", 0))  # type: ignore[call-overload]  # checkpoints of older versions: none
        self._scheduler.load_state_dict(state)
        self._follow()

    def _rise(self) -> None:
        """The rates of the next epoch, while it is one of the warm-up's or the first after it."""
        if self._warmup:
            self._set(self._full * min(1.0, (self._epochs + 1) / (self._warmup + 1)))

    def _follow(self) -> None:
        """All groups after the highest, whose rate is right."""
        self._set(float(self._optimiser.param_groups[self._highest]["lr"]))

    def _set(self, rate: float) -> None:
        for group, share in zip(self._optimiser.param_groups, self._shares, strict=True):
            group["lr"] = rate * share
