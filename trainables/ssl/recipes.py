"""How an encoder is pre-trained: the numbers of a run, with each method's defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trainables.job import TrainingError

Positives = Literal["views", "lesion"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One pre-training. AdamW, linear warm-up over a tenth of the steps, then cosine to zero.

    `batch_size` counts positive pairs of one update over all workers. `temperature` divides similarities (nothing in
    byol, mae, barlow_twins and vicreg); `momentum` is the momentum encoder's at the start (byol and dino raise it to 1;
    moco and infomin keep it);
    `queue` is the number of negatives that moco and infomin hold, and of earlier embeddings in SwAV's codes (0: none,
    which is right for a batch that is not small against the prototypes: a queue holds most of the codes' mass);
    `prototypes` is SwAV's number of clusters and DINO's of outputs, and `local_crops` that of their small crops, half
    as large, beside the two large ones.
    `augmentation` names the policy of views, `local_augmentation` that of small crops.
    """

    method: str
    epochs: int = 200
    batch_size: int = 256
    lr: float = 1e-3
    weight_decay: float = 1e-4
    temperature: float = 0.1
    momentum: float = 0.99
    queue: int = 4096
    prototypes: int = 300
    local_crops: int = 2
    positives: Positives = "views"
    augmentation: str = "contrastive"
    local_augmentation: str = "multicrop"
    balanced: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, holds in {
            "epochs": self.epochs >= 1,
            "batch_size": self.batch_size >= 2,
            "lr": self.lr > 0,
            "weight_decay": self.weight_decay >= 0,
            "temperature": self.temperature > 0,
            "momentum": 0 <= self.momentum < 1,
            "queue": self.queue >= (0 if self.method == "swav" else 1),
            "prototypes": self.prototypes >= 2,
            "local_crops": self.local_crops >= 0,
            "positives": self.positives in ("views", "lesion"),
        }.items():
            if not holds:
                raise TrainingError(f"Pre-training cannot use {name} = {getattr(self, name)!r}. Correct the recipe.")

    def record(self) -> dict[str, object]:
        """For provenance and checkpoints."""
        return dataclasses.asdict(self)


DEFAULTS: Mapping[str, Mapping[str, float | int | str]] = {
    "supervised": {"augmentation": "published"},
    "rotation": {"augmentation": "upright"},
    "colourisation": {"augmentation": "upright"},
    "swav": {"queue": 0},
    "dino": {"prototypes": 4096, "momentum": 0.996, "weight_decay": 0.04},
    "mae": {"augmentation": "published", "weight_decay": 0.05},
    "vicreg": {"weight_decay": 1e-6},
    "barlow_twins": {"weight_decay": 1e-6},
    "moco_v2": {"temperature": 0.2},
    "infomin": {"temperature": 0.15, "augmentation": "infomin"},
}
"""Where a method's published value is not the shared one."""


def recipe(method: str, **changes: object) -> Recipe:
    """The recipe of a method with these changes. Raises `TrainingError` for an impossible value."""
    return Recipe(method=method, **{**DEFAULTS.get(method, {}), **changes})  # type: ignore[arg-type]
