"""The hyperparameters of fine-tuning, read from a job's parameters and checked before anything is loaded."""

from __future__ import annotations

import math
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
        for name, holds in {
            "lr": _number(params["lr"]) > 0,
            "weight_decay": _number(params["weight_decay"]) >= 0,
            "momentum": 0 <= _number(params["momentum"]) < 1,
            "batch_size": _whole(params["batch_size"]) >= 2,
            "schedule": params["schedule"] in ("plateau", "cosine"),
            "balanced": isinstance(params["balanced"], bool),
            "patience": _whole(params["patience"]) >= 1,
            "freeze_bn": isinstance(params["freeze_bn"], bool),
        }.items():
            if not holds:
                raise TrainingError(f"Fine-tuning cannot use {name} = {params[name]!r}. Correct the search space.")
        return Settings(**{name: params[name] for name in names})  # type: ignore[arg-type]


def _number(value: ParamValue) -> float:
    """The value, or NaN, which no condition holds for, where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)


def _whole(value: ParamValue) -> float:
    return _number(value) if isinstance(value, int) else math.nan
