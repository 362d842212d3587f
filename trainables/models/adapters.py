"""Which weights of a classifier are trained: low-rank adapters (LoRA), or the biases alone (BitFit)."""

from __future__ import annotations

import copy

from torch import nn

from trainables.job import TrainingError
from trainables.models.classifier import Classifier


def add_lora(model: Classifier, *, rank: int, alpha: float, dropout: float) -> None:
    """Freeze the encoder and put low-rank adapters (Hu et al. 2022) beside its layers, through peft.

    Adapted are the linear layers; where a network has none, as residual networks, its ungrouped convolutions. The
    updates are scaled by `alpha` / `rank`, and begin at zero. Raises `TrainingError` for a network with neither.
    """
    from peft import LoraConfig, inject_adapter_in_model

    backbone = model.encoder.backbone
    targets = adaptable(backbone)
    if not targets:
        raise TrainingError(
            f"LoRA adapts linear layers or convolutions, but the backbone {type(backbone).__name__} has neither. "
            "Choose another pipeline for this method."
        )
    settings = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=targets)  # type: ignore[arg-type]
    model.encoder.backbone = inject_adapter_in_model(settings, backbone)


def adaptable(backbone: nn.Module) -> list[str]:
    """Names of the layers that LoRA adapts: all linear ones, or else all ungrouped convolutions."""
    linear = [name for name, layer in backbone.named_modules() if isinstance(layer, nn.Linear)]
    return linear or [
        name for name, layer in backbone.named_modules() if isinstance(layer, nn.Conv2d) and layer.groups == 1
    ]


def train_biases_alone(model: Classifier) -> None:
    """Freeze all of the encoder but its biases (BitFit, Ben Zaken et al. 2022), those of norms among them.

    Raises `TrainingError` where it has none.
    """
    biases = 0
    for name, parameter in model.encoder.named_parameters():
        parameter.requires_grad = name.endswith("bias")
        biases += parameter.requires_grad
    if not biases:
        raise TrainingError("BitFit trains biases, but the encoder has none. Choose another pipeline for this method.")


def merged(model: Classifier) -> Classifier:
    """The classifier with its adapters added into the weights that they adapt: a plain one, which computes the same.

    The classifier itself where it has no adapters; else a copy.
    """
    if not any(".lora_A." in name for name, _ in model.named_parameters()):
        return model
    from peft.tuners.lora import LoraLayer

    plain = copy.deepcopy(model)
    for name, layer in list(plain.named_modules()):
        if isinstance(layer, LoraLayer):
            layer.merge(safe_merge=True)
            plain.set_submodule(name, layer.get_base_layer())
    return plain
