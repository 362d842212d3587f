"""What turns features into logits: a linear layer, attention over patches, or a vote of the nearest training images."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as F


class Neighbours(nn.Module):
    """Features [n, d] -> logits [n, classes]: log shares of a vote of the `k` nearest training features.

    Votes weigh by exp(cosine / temperature), as in Wu et al. 2018. Shares are mixed with one vote that is divided
    equally over the classes, so that no probability is 0.
    """

    bank: torch.Tensor
    labels: torch.Tensor
    settings: torch.Tensor

    def __init__(self, bank: torch.Tensor, labels: torch.Tensor, classes: int, k: int, temperature: float) -> None:
        super().__init__()
        self.register_buffer("bank", F.normalize(bank.float(), dim=1))
        self.register_buffer("labels", labels)
        self.register_buffer("settings", torch.tensor([classes, k, temperature], dtype=torch.float64))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of a batch, in float32 whatever the features were computed in."""
        classes, k, temperature = int(self.settings[0]), int(self.settings[1]), float(self.settings[2])
        with torch.autocast(features.device.type, enabled=False):
            cosine, index = (F.normalize(features.float(), dim=1) @ self.bank.T).topk(min(k, len(self.bank)), dim=1)
            weight = torch.softmax(cosine / temperature, dim=1)
            votes = torch.zeros(len(features), classes, device=features.device)
            votes.scatter_add_(1, self.labels[index], weight)
            return ((k * votes + 1 / classes) / (k + 1)).log()


class AttentivePool(nn.Module):
    """Features of patches [n, patches, d] -> logits [n, classes]: efficient probing (Psomas et al., ICLR 2026).

    Each of `queries` learned vectors attends to the patches, without a projection of keys, and pools a slice of their
    values of its own. Features are standardised by patch first, because encoders differ in their scale.
    """

    def __init__(self, features: int, queries: int, classes: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, features) * 0.02)
        self.values = nn.Linear(features, -(-features // queries) * queries)
        self.classify = nn.Linear(self.values.out_features, classes)
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Logits of a batch, in float32 whatever the patches were computed in."""
        with torch.autocast(patches.device.type, enabled=False):
            x = F.layer_norm(patches.float(), patches.shape[-1:])
            attention = (x @ self.queries.T / x.shape[-1] ** 0.5).softmax(dim=1)
            values = self.values(x).unflatten(-1, (len(self.queries), -1))
            return self.classify(torch.einsum("npq,npqd->nqd", attention, values).flatten(1))


def of_state(state: Mapping[str, torch.Tensor], features: int, classes: int) -> nn.Module:
    """An unfilled head of the kind that a checkpoint's state (without its prefix) is of."""
    if "bank" in state:
        return Neighbours(torch.zeros_like(state["bank"]), torch.zeros_like(state["labels"]), classes, 1, 1.0)
    if "queries" in state:
        queries, dimension = state["queries"].shape
        return AttentivePool(dimension, queries, classes)
    return nn.Linear(features, classes)
