"""MoCo v2 (Chen et al. 2020): queries against the keys of a slow copy and a queue of earlier keys.

InfoMin (Tian et al. 2020) is the same with views that share less; the paper's additional jigsaw branch is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import batch_shuffle, batch_unshuffle, deactivate_requires_grad, update_momentum
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.losses import info_nce
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe
from trainables.training import distributed

WIDTH = 128  # of queries and keys, as published
PARTS = 8  # of a batch of keys, over all ranks
SMALLEST = 8  # images whose batch statistics are of any use


class MoCo(Method):
    """Head d -> d -> 128; InfoNCE in both directions, so that a batch is worth as much as SimCLR's."""

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.head = MoCoProjectionHead(encoder.features, encoder.features, WIDTH)
        self.keys = copy.deepcopy(nn.Sequential(encoder, self.head))
        deactivate_requires_grad(self.keys)
        self.contrast = info_nce(recipe.temperature, recipe.queue, WIDTH)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """InfoNCE in nats, the mean of both directions."""
        queries = self.head(self.encoder(torch.cat(list(views)))).float()
        with torch.no_grad():
            keys = torch.cat([self._keys(view) for view in reversed(views)])
        return self.contrast(queries, keys)

    def after_step(self, done: float) -> None:
        """Move the key encoder towards the query encoder."""
        update_momentum(nn.Sequential(self.encoder, self.head), self.keys, self.recipe.momentum)

    def _keys(self, view: torch.Tensor) -> torch.Tensor:
        """Keys from parts of a shuffled batch, each with batch statistics of its own (the paper's shuffling BN).

        Queries and keys of one batch would otherwise share statistics that tell them from all keys of the queue: the
        loss falls and the encoder learns nothing. The paper's parts are its eight devices' shares.
        """
        together = distributed.world() > 1
        shuffled, order = batch_shuffle(view, distributed=together)
        count = max(1, min(PARTS // distributed.world(), len(shuffled) // SMALLEST))
        parts = torch.cat([self.keys(part).float() for part in shuffled.chunk(count)])
        keys: torch.Tensor = batch_unshuffle(parts, order, distributed=together)
        return keys
