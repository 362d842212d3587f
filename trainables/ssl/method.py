"""What every pre-training method is: an encoder, the crops it looks at, a loss of a batch, a step afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from trainables.encoders import Encoder
from trainables.encoders.encoder import takes_one_size
from trainables.ssl.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Crop:
    """One view of each image: its side as a share of the image size, and the recipe's policy that draws it."""

    local: bool = False  # by the recipe's policy for small crops
    side: float = 1.0
    partner: bool = False  # of the pair's second image


PAIR = (Crop(), Crop(partner=True))


def small_crops(encoder: Encoder, count: int) -> list[Crop]:
    """Crops half as large, of both images of a pair in turn; as large as the others for encoders of one size."""
    side = 1.0 if takes_one_size(encoder.backbone) else 0.5
    return [Crop(local=True, side=side, partner=bool(index % 2)) for index in range(count)]


class Method(nn.Module):
    """A method trains `encoder` (in place) and whatever heads it adds; only the encoder outlives it."""

    crops: Sequence[Crop] = PAIR
    labelled: ClassVar[bool] = False  # whether it reads labels

    epoch = 1  # which one the training is in, from 1 to the recipe's `epochs`

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        """`classes`: how many the labels have; read by labelled methods alone."""
        super().__init__()
        self.encoder = encoder
        self.recipe = recipe
        self.register_buffer("mean", torch.tensor(encoder.mean).view(1, 3, 1, 1) * 255.0, persistent=False)
        self.register_buffer("std", torch.tensor(encoder.std).view(1, 3, 1, 1) * 255.0, persistent=False)

    def forward(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Loss of a batch: one uint8 tensor [n, s, s, 3] for each crop, and labels [n]."""
        return self.loss([self.normalised(view) for view in views], labels)

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 [n, s, s, 3] -> what the encoder takes, [n, 3, s, s]."""
        x = images.permute(0, 3, 1, 2).float()
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Loss of normalised views [n, 3, s, s]."""
        raise NotImplementedError

    def after_step(self, done: float) -> None:
        """After an update; `done` is the share of all updates that are done, 0 to 1."""
