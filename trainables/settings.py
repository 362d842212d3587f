"""The hyperparameters of fine-tuning, read from a job's parameters and checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from trainables.job import ParamValue, TrainingError

MIN_LR = 1e-5  # both schedules end here, as in the published study


@dataclass(frozen=True, kw_only=True)
class Settings:
    """SGD and its schedule. `batch_size` counts the images of one update over all workers; `patience` counts epochs
    without a better objective before training stops itself; `balanced` draws the classes equally often."""

    lr: float
    weight_decay: float
    momentum: float
    batch_size: int
    schedule: Literal["plateau", "cosine"]
    balanced: bool
    patience: int
    freeze_bn: bool

    @staticmethod
    def of(params: Mapping[str, ParamValue]) -> Settings:
        """The settings in `params`, which may hold other stages' parameters too.

        Raises `TrainingError` for a missing parameter or an impossible value.
        """
        names = [field.name for field in fields(Settings)]
        missing = [name for name in names if name not in params]
        if missing:
            raise TrainingError(
                f"Fine-tuning needs the parameters {', '.join(names)}; the search space lacks {', '.join(missing)}. "
                "Add them, searched or fixed."
            )
        found = Settings(**{name: params[name] for name in names})  # type: ignore[arg-type]
        for name, holds in {
            "lr": found.lr > 0,
            "weight_decay": found.weight_decay >= 0,
            "momentum": 0 <= found.momentum < 1,
            "batch_size": found.batch_size >= 2,
            "schedule": found.schedule in ("plateau", "cosine"),
            "patience": found.patience >= 1,
        }.items():
            if not holds:
                raise TrainingError(f"Fine-tuning cannot use {name} = {params[name]!r}. Correct the search space.")
        return found
