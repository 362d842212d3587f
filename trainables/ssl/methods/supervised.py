"""Supervised pre-training: a linear classifier and cross-entropy, on one augmented view."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.method import Crop, Method
from trainables.ssl.recipes import Recipe


class Supervised(Method):
    """Cross-entropy over the classes of the images."""

    crops = (Crop(),)
    labelled = True

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.head = nn.Linear(encoder.features, classes)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy in nats."""
        return nn.functional.cross_entropy(self.head(self.encoder(views[0])).float(), labels)
