"""The optimizer of a fine-tuning: SGD as in the published study, or AdamW; rates may fall towards the input."""

from __future__ import annotations

from typing import Any

import torch
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]
from torch import nn
from torch.optim import Optimizer

from trainables.models.classifier import Classifier
from trainables.training.hyperparameters import Settings


def optimizer(model: nn.Module, classifier: Classifier, settings: Settings, device: torch.device) -> Optimizer:
    """The optimizer over the trained parameters of `model`; `classifier` is it without the wrapper of a worker group.

    AdamW decays no biases and norms, as is usual for transformers; SGD decays everything, as published, whatever the
    layers' rates.
    """
    fused = device.type == "cuda"  # on a CPU it copies channels-last weights to and fro (torch 2.14)
    if settings.optimizer == "sgd" and settings.layer_decay == 1:
        return torch.optim.SGD(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=settings.lr,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            fused=fused,
        )
    groups = layer_groups(classifier, settings)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=settings.rate, fused=fused)


def layer_groups(classifier: Classifier, settings: Settings) -> list[dict[str, Any]]:
    """Parameter groups with `lr` and `weight_decay`: one a layer of the backbone and kind, by timm, and the head's."""
    backbone = classifier.encoder.backbone
    trained = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = []
    if any(parameter.requires_grad for parameter in backbone.parameters()):
        groups = param_groups_layer_decay(
            backbone,
            weight_decay=settings.weight_decay,
            no_weight_decay_list=getattr(backbone, "no_weight_decay", set)(),
            layer_decay=settings.layer_decay,
        )
    found = [
        {"params": group["params"], "weight_decay": group["weight_decay"], "lr": settings.rate * group["lr_scale"]}
        for group in groups
    ]
    inside = {id(parameter) for group in found for parameter in group["params"]}
    for flat in (True, False):
        rest = [p for p in trained if id(p) not in inside and (p.ndim <= 1) == flat]
        if rest:
            decay = 0.0 if flat else settings.weight_decay
            found.append({"params": rest, "weight_decay": decay, "lr": settings.rate})
    if settings.optimizer == "sgd":  # the groups stay as they are: checkpoints of older versions have them
        return [{**group, "weight_decay": settings.weight_decay} for group in found]
    return found
