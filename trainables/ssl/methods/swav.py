"""SwAV (Caron et al. 2020): predict a view's cluster from the other views; multi-crop."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightly.models.modules import SwaVProjectionHead, SwaVPrototypes
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.losses import swapped_prediction
from trainables.ssl.method import PAIR, Crop, Method
from trainables.ssl.recipe import Recipe

WIDTH = 128  # of the embeddings, as published
LARGE = len(PAIR)


class SwAV(Method):
    """Two large crops, whose codes are predicted, and small ones; head d -> d -> 128 and prototypes."""

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        small = [Crop(local=True, side=0.5, partner=bool(index % 2)) for index in range(recipe.local_crops)]
        self.crops = (*PAIR, *small)
        self.head = SwaVProjectionHead(encoder.features, encoder.features, WIDTH)
        self.prototypes = SwaVPrototypes(WIDTH, recipe.prototypes)
        self._swapped = swapped_prediction(recipe.temperature)
        self.prototypes.normalize()

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy in nats of predicted against Sinkhorn codes."""
        small = self._scores(views[LARGE:]) if len(views) > LARGE else []
        return self._swapped(self._scores(views[:LARGE]), small).squeeze()

    def after_step(self, done: float) -> None:
        """Prototypes live on the unit sphere."""
        self.prototypes.normalize()

    def _scores(self, views: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        """Cosines [n, prototypes] for each of these equally large views."""
        embedded = nn.functional.normalize(self.head(self.encoder(torch.cat(list(views)))).float(), dim=1)
        scores: Sequence[torch.Tensor] = self.prototypes(embedded).float().chunk(len(views))
        return scores
