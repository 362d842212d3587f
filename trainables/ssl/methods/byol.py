"""BYOL (Grill et al. 2020): predict a slow copy's projection of the other view; no negatives."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from lightly.models.modules import BYOLPredictionHead, BYOLProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.losses import Byol
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe

WIDTH = 256  # of projection and prediction, as published


class BYOL(Method):
    """Heads d -> 2d -> 256, as 2048 -> 4096 -> 256 in the paper; momentum by its cosine to 1."""

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        hidden = 2 * encoder.features
        self.projection = BYOLProjectionHead(encoder.features, hidden, WIDTH)
        self.prediction = BYOLPredictionHead(WIDTH, hidden, WIDTH)
        self.target = copy.deepcopy(nn.Sequential(encoder, self.projection))
        deactivate_requires_grad(self.target)
        self._direction = Byol()

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """The sum of both directions, 0 to 8."""
        predictions = [self.prediction(self.projection(self.encoder(view))).float() for view in views]
        with torch.no_grad():
            targets = [self.target(view).float() for view in views]
        return self._direction(predictions[0], targets[1]) + self._direction(predictions[1], targets[0])

    def after_step(self, done: float) -> None:
        """Move the target towards the encoder."""
        tau = cosine_schedule(round(done * 10_000), 10_001, self.recipe.momentum, 1.0)
        update_momentum(nn.Sequential(self.encoder, self.projection), self.target, tau)
