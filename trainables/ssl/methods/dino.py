"""DINO (Caron et al. 2021): a student matches the sharpened, centred output of its slow copy on other crops."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from lightly.models.modules import DINOProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import nn

from trainables.encoders import Encoder
from trainables.ssl.losses import self_distillation
from trainables.ssl.method import PAIR, Method, small_crops
from trainables.ssl.recipes import Recipe

BOTTLENECK = 256  # as published
TEACHER_TEMPERATURE = 0.04


class DINO(Method):
    """Two large crops, which the teacher sees, and small ones; head d -> d -> d -> 256 -> `prototypes`.

    The last layer stays as it is in the first epoch, as published; the momentum rises to 1 by its cosine.
    """

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.crops = (*PAIR, *small_crops(encoder, recipe.local_crops))
        self.head, slow = (
            DINOProjectionHead(encoder.features, encoder.features, BOTTLENECK, recipe.prototypes) for _ in range(2)
        )
        slow.load_state_dict(self.head.state_dict())  # torch cannot copy a layer whose weight is normalised
        self.teacher = nn.Sequential(copy.deepcopy(encoder), slow)
        deactivate_requires_grad(self.teacher)
        self.head.last_layer.weight_v.register_hook(self._unless_frozen)
        self._match = self_distillation(recipe.prototypes, recipe.temperature, TEACHER_TEMPERATURE)

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy in nats; ln `prototypes` knows nothing."""
        student = [self.head(self.encoder(view)).float() for view in views]
        with torch.no_grad():
            teacher = [self.teacher(view).float() for view in views[: len(PAIR)]]
        loss: torch.Tensor = self._match(teacher, student)
        return loss

    def after_step(self, done: float) -> None:
        """Move the teacher towards the student."""
        tau = cosine_schedule(round(done * 10_000), 10_001, self.recipe.momentum, 1.0)
        update_momentum(nn.Sequential(self.encoder, self.head), self.teacher, tau)

    def _unless_frozen(self, gradient: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(gradient) if self.epoch == 1 else gradient
