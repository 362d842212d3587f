"""Rotation prediction (Gidaris et al. 2018): by how many quarter turns was the image turned?

Needs images that have an up and a down. Dermoscopic pictures of lesions hardly do, so expect little of it there; the
default policy neither flips nor rotates, which would leave the answer undefined.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.method import Crop, Method
from trainables.ssl.recipes import Recipe

TURNS = 4


class Rotation(Method):
    """Cross-entropy of four classes; every image is seen in all four turns, as published."""

    crops = (Crop(),)

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.head = nn.Linear(encoder.features, TURNS)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy in nats; ln 4 knows nothing."""
        turned = torch.cat([torch.rot90(views[0], turn, (2, 3)) for turn in range(TURNS)])
        turns = torch.arange(TURNS, device=turned.device).repeat_interleave(len(views[0]))
        return nn.functional.cross_entropy(self.head(self.encoder(turned)).float(), turns)
