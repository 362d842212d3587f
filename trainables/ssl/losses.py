"""The losses, each over the whole group's batch: the value and the gradient do not depend on how it is divided.

Every rank brings an equal share. The mean of the ranks' losses is the loss of the whole batch, and their averaged
gradients (what DDP makes) are its gradient.
"""

from __future__ import annotations

import torch
from lightly.loss import (
    BarlowTwinsLoss,
    DINOLoss,
    NegativeCosineSimilarity,
    NTXentLoss,
    SwaVLoss,
    VICRegLoss,
)
from lightly.utils import dist
from pytorch_metric_learning.losses import SupConLoss
from pytorch_metric_learning.reducers import MeanReducer

Tensor = torch.Tensor


def nt_xent(temperature: float) -> NTXentLoss:
    """SimCLR's loss (Chen et al. 2020, eq. 1), averaged over both directions of all pairs."""
    return NTXentLoss(temperature=temperature, gather_distributed=True)


def info_nce(temperature: float, queue: int, width: int) -> NTXentLoss:
    """MoCo's loss (He et al. 2020, eq. 1): queries against their keys and a queue of `queue` earlier keys [width].

    Call it with (queries, keys). The queue takes the keys of all ranks in after each call.
    """
    return NTXentLoss(temperature=temperature, memory_bank_size=(queue, width), gather_distributed=True)


def swapped_prediction(temperature: float) -> SwaVLoss:
    """SwAV's loss (Caron et al. 2020, eq. 2) with Sinkhorn codes (three iterations, epsilon 0.05) over all ranks."""
    return SwaVLoss(temperature=temperature, sinkhorn_gather_distributed=True)


def self_distillation(outputs: int, temperature: float, teacher_temperature: float) -> DINOLoss:
    """DINO's loss (Caron et al. 2021, alg. 1); its centre is the mean over all ranks.

    Call it with lists of the teacher's and the student's outputs [n, `outputs`], a tensor for each crop.
    """
    return DINOLoss(output_dim=outputs, student_temp=temperature, teacher_temp=teacher_temperature)


def barlow_twins() -> OfEveryone:
    """Barlow Twins' loss (Zbontar et al. 2021, eq. 1) with its published weight of redundancy, 0.005."""
    return OfEveryone(BarlowTwinsLoss())


def vicreg() -> OfEveryone:
    """VICReg's loss (Bardes et al. 2022, eq. 6) with its published weights."""
    return OfEveryone(VICRegLoss())


class OfEveryone(torch.nn.Module):
    """A loss of two views' embeddings [n, d] whose statistics are those of the whole batch: every rank computes it from
    gathered embeddings, through which gradients return."""

    def __init__(self, loss: torch.nn.Module) -> None:
        super().__init__()
        self._loss = loss

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss of all ranks' rows."""
        if dist.world_size() > 1:
            first, second = torch.cat(dist.gather(first)), torch.cat(dist.gather(second))
        loss: Tensor = self._loss(first, second)
        return loss


class Byol(torch.nn.Module):
    """BYOL's loss of one direction (Grill et al. 2020, eq. 2): 2 - 2 cos(prediction, target), mean over the batch."""

    def __init__(self) -> None:
        super().__init__()
        self._negative_cosine = NegativeCosineSimilarity()

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """`target` carries no gradient."""
        loss: Tensor = 2 + 2 * self._negative_cosine(prediction, target.detach())
        return loss


class SupCon(torch.nn.Module):
    """Supervised contrastive loss (Khosla et al. 2020, L_out, eq. 2), mean over all anchors."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self._loss = SupConLoss(temperature=temperature, reducer=MeanReducer())

    def forward(self, first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        """Embeddings [n, d] of two views and the labels [n] of their images.

        Every rank computes the loss of the whole batch from gathered embeddings, through which gradients return.
        """
        embeddings, classes = torch.cat([first, second]), torch.cat([labels, labels])
        if dist.world_size() > 1:
            embeddings = torch.cat(dist.gather(embeddings))
            classes = torch.cat(dist.gather(classes))
        loss: Tensor = self._loss(embeddings, classes)
        return loss
