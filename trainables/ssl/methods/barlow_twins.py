"""Barlow Twins (Zbontar et al. 2021) and VICReg (Bardes et al. 2022): views agree, and no feature is redundant."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightly.models.modules import BarlowTwinsProjectionHead

from trainables.encoders import Encoder
from trainables.ssl.losses import barlow_twins, vicreg
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe

TIMES = 4  # as wide as the features: 2048 -> 8192 in both papers


class BarlowTwins(Method):
    """The correlation of both views' embeddings is the identity; head d -> 4d -> 4d -> 4d."""

    objective = staticmethod(barlow_twins)

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        width = TIMES * encoder.features
        self.head = BarlowTwinsProjectionHead(encoder.features, width, width)
        self._agreement = self.objective()

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """The published loss, of a view's batch statistics each."""
        first, second = (self.head(self.encoder(view)).float() for view in views)
        loss: torch.Tensor = self._agreement(first, second)
        return loss


class VICReg(BarlowTwins):
    """Variance, invariance and covariance, with the published weights 25, 25 and 1."""

    objective = staticmethod(vicreg)
