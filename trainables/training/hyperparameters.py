"""The hyperparameters of fine-tuning, read from a job's parameters and checked before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Literal

from trainables.job import ParamValue, TrainingError

MIN_LR = 1e-5  # both schedules of SGD end here, as in the published study


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Optimizer and schedule. `batch_size` counts the images of one update over all workers; `patience` counts epochs
    without a better objective before training stops itself; `balanced` draws the classes equally often.

    `optimizer`: SGD uses `lr` and `momentum`, AdamW (Loshchilov and Hutter 2019) `adamw_lr`: their learning rates
    differ by a hundred, so that each has its own range. `layer_decay`: what the learning rate of a layer is multiplied
    by for every layer above it (BEiT, Bao et al. 2022); 1: all layers alike. `warmup`: epochs over which the learning
    rate rises linearly. `drop_path`: largest rate of stochastic depth (Huang et al. 2016). `mixup`: alpha of the Beta
    distribution that two images are mixed by (Zhang et al. 2018); 0: none. `ema`: decay of the average of the weights
    that is validated and kept; 0: the weights themselves.
    """

    weight_decay: float
    batch_size: int
    schedule: Literal["plateau", "cosine"]
    balanced: bool
    patience: int
    freeze_bn: bool
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.0
    momentum: float = 0.0
    adamw_lr: float = 0.0
    layer_decay: float = 1.0
    warmup: int = 0
    drop_path: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    ema: float = 0.0

    @property
    def rate(self) -> float:
        """The learning rate of the optimizer in use."""
        return self.adamw_lr if self.optimizer == "adamw" else self.lr

    @property
    def least_rate(self) -> float:
        """Where the schedules end: 1e-5 for SGD, as in the published study; a hundredth of the rate for AdamW."""
        return self.adamw_lr / 100 if self.optimizer == "adamw" else min(MIN_LR, self.lr)

    @staticmethod
    def of(params: Mapping[str, ParamValue]) -> Settings:
        """The settings in `params`, which may hold other stages' parameters too.

        Raises `TrainingError` for a missing parameter or an impossible value.
        """
        adamw = params.get("optimizer") == "adamw"
        names = ["adamw_lr"] if adamw else ["lr", "momentum"]
        names += [field.name for field in fields(Settings) if field.default is MISSING]
        missing = [name for name in names if name not in params]
        if missing:
            raise TrainingError(
                f"Fine-tuning needs the parameters {', '.join(names)}; the search space lacks {', '.join(missing)}. "
                "Add them, searched or fixed."
            )
        for name, holds in {
            "lr": adamw or _number(params["lr"]) > 0,
            "weight_decay": _number(params["weight_decay"]) >= 0,
            "momentum": adamw or 0 <= _number(params["momentum"]) < 1,
            "batch_size": _whole(params["batch_size"]) >= 2,
            "schedule": params["schedule"] in ("plateau", "cosine"),
            "balanced": isinstance(params["balanced"], bool),
            "patience": _whole(params["patience"]) >= 1,
            "freeze_bn": isinstance(params["freeze_bn"], bool),
            "optimizer": params.get("optimizer", "sgd") in ("sgd", "adamw"),
            "adamw_lr": not adamw or _number(params["adamw_lr"]) > 0,
            "layer_decay": 0 < _number(params.get("layer_decay", 1.0)) <= 1,
            "warmup": _whole(params.get("warmup", 0)) >= 0,
            "drop_path": 0 <= _number(params.get("drop_path", 0.0)) < 1,
            "label_smoothing": 0 <= _number(params.get("label_smoothing", 0.0)) < 1,
            "mixup": _number(params.get("mixup", 0.0)) >= 0,
            "ema": 0 <= _number(params.get("ema", 0.0)) < 1,
        }.items():
            if not holds:
                raise TrainingError(f"Fine-tuning cannot use {name} = {params.get(name)!r}. Correct the search space.")
        known = [field.name for field in fields(Settings) if field.name in params]
        return Settings(**{name: params[name] for name in known})  # type: ignore[arg-type]


def _number(value: ParamValue) -> float:
    """The value, or NaN, which no condition holds for, where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)


def _whole(value: ParamValue) -> float:
    return _number(value) if isinstance(value, int) else math.nan
