"""Learning-rate schedules of the published study, one step an epoch."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from trainables.job import Objective
from trainables.settings import MIN_LR, Settings


class Schedule:
    """Plateau: ×0.1 after 10 epochs without a better objective, never below 1e-5. Cosine: to 1e-5 at `max_epochs`."""

    def __init__(self, optimizer: Optimizer, settings: Settings, objective: Objective, max_epochs: int) -> None:
        self._scheduler: CosineAnnealingLR | ReduceLROnPlateau
        if settings.schedule == "cosine":
            self._scheduler = CosineAnnealingLR(optimizer, T_max=max_epochs, eta_min=MIN_LR)
        else:
            mode = "max" if objective == "val_auc" else "min"
            self._scheduler = ReduceLROnPlateau(optimizer, mode=mode, factor=0.1, patience=10, min_lr=MIN_LR)

    def step(self, value: float) -> None:
        """An epoch ended with this value of the objective."""
        if isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(value)
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
