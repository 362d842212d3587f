"""SimCLR (Chen et al. 2020) and its supervised form (Khosla et al. 2020): pairs attract, the rest repels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightly.models.modules import SimCLRProjectionHead

from trainables.encoders import Encoder
from trainables.ssl.losses import SupCon, nt_xent
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe

WIDTH = 128  # of the embeddings, in both papers


class SimCLR(Method):
    """NT-Xent on the projections of two views; head d -> d -> 128."""

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.head = SimCLRProjectionHead(encoder.features, encoder.features, WIDTH)
        self._pairs = nt_xent(recipe.temperature)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """NT-Xent in nats."""
        return self._pairs(*self.embed(views))

    def embed(self, views: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings [n, 128] of both views, from one pass."""
        first, second = self.head(self.encoder(torch.cat(list(views)))).float().chunk(2)
        return first, second


class SupervisedContrastive(SimCLR):
    """SupCon: all views of a class attract each other."""

    labelled = True

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self._supervised = SupCon(recipe.temperature)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """SupCon in nats."""
        return self._supervised(*self.embed(views), labels)
