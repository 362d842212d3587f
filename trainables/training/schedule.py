"""Learning-rate schedules of the published study, one step an epoch."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from trainables.training.hyperparameters import Settings


class Schedule:
    """Plateau: ×0.1 after 10 epochs without a lower validation loss, never below the least rate. Cosine: to that rate
    at `max_epochs`.

    Plateau follows the validation loss whatever the objective is, as published: the AUC of a small validation set
    moves in steps.
    """

    def __init__(self, optimiser: Optimizer, settings: Settings, max_epochs: int) -> None:
        self._scheduler: CosineAnnealingLR | ReduceLROnPlateau
        if settings.schedule == "cosine":
            self._scheduler = CosineAnnealingLR(optimiser, T_max=max_epochs, eta_min=settings.least_rate)
        else:
            self._scheduler = ReduceLROnPlateau(optimiser, factor=0.1, patience=10, min_lr=settings.least_rate)

    def step(self, val_loss: float) -> None:
        """An epoch ended with this validation loss."""
        if isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(val_loss)
        else:
            self._scheduler.step()

    def state_dict(self) -> dict[str, object]:
        """For the checkpoint."""
        return {
            name: value for name, value in self._scheduler.state_dict().items() if isinstance(value, int | float | list)
        }

    def load_state_dict(self, state: dict[str, object]) -> None:
        """From the checkpoint."""
        self._scheduler.load_state_dict(state)
