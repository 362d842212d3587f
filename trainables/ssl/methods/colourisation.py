"""Colourisation (Zhang et al. 2016): from the grey picture, the colours of its places as a distribution over bins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from trainables.encoders import Encoder
from trainables.job import TrainingError
from trainables.ssl.cielab import bins, lab
from trainables.ssl.method import Crop, Method
from trainables.ssl.recipes import Recipe

UPSAMPLING = 4  # a ResNet's last map has 1/32 of the side; the paper predicts at a quarter to an eighth
REBALANCING = 0.5  # lambda of the paper's eq. 4: how far the empirical distribution is mixed with the uniform one
MEMORY = 0.99  # of the running estimate of that distribution


class Colourisation(Method):
    """Cross-entropy over the in-gamut bins of the ab plane, rare colours weighted up; the encoder sees grey alone.

    The bins are hard, each place belonging to its nearest one, where the paper spreads it over five neighbours.
    """

    crops = (Crop(),)

    weights: torch.Tensor
    bins: torch.Tensor
    frequency: torch.Tensor

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        self.register_buffer("bins", bins())
        self.register_buffer("frequency", torch.full((len(self.bins),), 1.0 / len(self.bins)))
        self.head = nn.Sequential(
            nn.Conv2d(encoder.features, 256, 1),
            nn.ReLU(),
            nn.Upsample(scale_factor=UPSAMPLING, mode="bilinear"),
            nn.Conv2d(256, len(self.bins), 1),
        )

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Rebalanced cross-entropy in nats."""
        colours = (views[0] * self.std + self.mean) / 255.0
        grey = (colours * colours.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        features = self.encoder.backbone.forward_features(((grey * 255.0) - self.mean) / self.std)  # type: ignore[operator]
        if features.ndim != 4 or features.shape[1] != self.encoder.features:
            raise TrainingError(
                "Colourisation needs a backbone that ends in a map of features [n, c, h, w], as convolutional ones do, "
                f"got features of shape {tuple(features.shape)}. Use another backbone or method."
            )
        logits = self.head(features).float()
        target = self._nearest(nn.functional.adaptive_avg_pool2d(lab(colours)[:, 1:], logits.shape[2:]))
        return nn.functional.cross_entropy(logits, target, weight=self._weight(target))

    def _nearest(self, ab: torch.Tensor) -> torch.Tensor:
        """[n, 2, h, w] colours -> [n, h, w] indices of bins."""
        distance = torch.cdist(ab.permute(0, 2, 3, 1).flatten(1, 2), self.bins)
        return distance.argmin(-1).view(len(ab), *ab.shape[2:])

    @torch.no_grad()
    def _weight(self, target: torch.Tensor) -> torch.Tensor:
        """The paper's eq. 4, with the distribution estimated while training; its expectation is 1."""
        found = torch.bincount(target.flatten(), minlength=len(self.bins)) / target.numel()
        self.frequency.mul_(MEMORY).add_(found, alpha=1 - MEMORY)
        weight = 1 / ((1 - REBALANCING) * self.frequency + REBALANCING / len(self.bins))
        return weight / (weight * self.frequency).sum()
