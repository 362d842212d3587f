"""SwAV (Caron et al. 2020): predict a view's cluster from the other views; multi-crop.

A batch that is small against the prototypes cannot be spread over them evenly; a recipe with a `queue` then lets codes
take earlier embeddings into account, as the paper does for small batches. That begins when the queue is full and the
embeddings in it have settled: after the share of the epochs that the official script waits for.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightly.models.modules import SwaVProjectionHead
from lightly.models.utils import normalize_weight
from lightly.utils import dist
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.losses import swapped_prediction
from trainables.ssl.method import PAIR, Method, small_crops
from trainables.ssl.recipes import Recipe
from trainables.training.distributed import rank, world

WIDTH = 128  # of the embeddings, as published
LARGE = len(PAIR)
QUEUE_STARTS = 15 / 200  # of the epochs, as in the official script for small batches


class SwAV(Method):
    """Two large crops, whose codes are predicted, and small ones; head d -> d -> 128 and prototypes."""

    bank: torch.Tensor

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.crops = (*PAIR, *small_crops(encoder, recipe.local_crops))
        self.head = SwaVProjectionHead(encoder.features, encoder.features, WIDTH)
        self.prototypes = nn.Linear(WIDTH, recipe.prototypes, bias=False)  # scores are cosines: lightly's have a bias
        self.prototypes.weight.register_hook(self._unless_frozen)
        self._swapped = swapped_prediction(recipe.temperature)
        normalize_weight(self.prototypes.weight)
        # Embeddings of all ranks, a row for each large crop, newest first. Zeros: not there yet. The same on every
        # rank, because DDP hands rank 0's buffers on to all.
        length = recipe.queue // world() * world()
        self.register_buffer("bank", torch.zeros(LARGE, length, WIDTH), persistent=False)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy in nats of predicted against Sinkhorn codes."""
        large = self._embedded(views[:LARGE])
        small = self._embedded(views[LARGE:]) if len(views) > LARGE else []
        loss = self._swapped([self._scores(x) for x in large], [self._scores(x) for x in small], self._queued())
        self._remember(torch.stack([x.detach() for x in large]))
        return loss.squeeze()

    def after_step(self, done: float) -> None:
        """Prototypes live on the unit sphere."""
        normalize_weight(self.prototypes.weight)

    def _unless_frozen(self, gradient: torch.Tensor) -> torch.Tensor:
        """Prototypes stay as they are in the first epoch, as published."""
        return torch.zeros_like(gradient) if self.epoch == 1 else gradient

    def _embedded(self, views: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        """Embeddings [n, 128] of length 1 for each of these equally large views."""
        embedded = nn.functional.normalize(self.head(self.encoder(torch.cat(list(views)))).float(), dim=1)
        return embedded.chunk(len(views))

    def _scores(self, embedded: torch.Tensor) -> torch.Tensor:
        """Cosines [n, prototypes]."""
        scores: torch.Tensor = self.prototypes(embedded).float()
        return scores

    def _queued(self) -> list[torch.Tensor] | None:
        """Scores of this rank's share of the queue for each large crop, under the prototypes as they are; None until
        the queue is full."""
        waited = self.epoch > 1 + QUEUE_STARTS * self.recipe.epochs - 1e-9
        if not waited or self.bank.numel() == 0 or not bool(self.bank[0, -1].any()):
            return None
        with torch.no_grad():
            return [self._scores(row[rank() :: world()]) for row in self.bank]

    @torch.no_grad()
    def _remember(self, large: torch.Tensor) -> None:
        """Put every rank's embeddings [2, n, 128] of this batch in front."""
        everyones = torch.cat(dist.gather(large), dim=1) if world() > 1 else large
        self.bank.copy_(torch.cat([everyones, self.bank], dim=1)[:, : self.bank.shape[1]])
