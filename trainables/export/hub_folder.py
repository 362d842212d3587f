"""A folder as model hubs hold it, for programs that have timm: `timm.create_model("local-dir:FOLDER",
pretrained=True)`, or `hf-hub:OWNER/NAME` once it is uploaded. `config.json` says what a program needs to know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from trainables.encoders.encoder import is_fixed_size
from trainables.predict import load_model
from trainables.training import checkpoint

CONFIG = "config.json"


def write(path: Path, file: Path) -> None:
    """Write `file` (timm's own names of the weights) and `config.json` beside it.

    Raises `NotImplementedError` for what timm's networks cannot hold: a head that is no linear layer, padding of
    another framework, a backbone without a classifier of this width.
    """
    from safetensors.torch import save_file

    model, job = load_model(path)
    if not isinstance(model.head, nn.Linear):
        raise NotImplementedError("a hub folder holds a linear head, and this one is a probe of another kind")
    if model.encoder.padding != "torch":
        raise NotImplementedError(f"timm pads as PyTorch does, and this encoder as {model.encoder.padding}")
    classes = list(checkpoint.load(path)["classes"])
    name, _, _ = job.backbone.partition(".")
    arguments: dict[str, Any] = {"img_size": job.image_size} if is_fixed_size(job.backbone) else {}
    network: Any = timm.create_model(name, num_classes=len(classes), **arguments)
    last = network.get_classifier()
    if not isinstance(last, nn.Linear) or last.weight.shape != model.head.weight.shape:
        raise NotImplementedError(f"timm's {name} has no linear classifier on {model.encoder.features} features")
    lacking, left = network.load_state_dict(model.encoder.backbone.state_dict(), strict=False)
    if left or len(lacking) > len(last.state_dict()):
        raise NotImplementedError(f"timm's {name} has other weights than this encoder: {', '.join((*left, *lacking))}")
    last.load_state_dict(model.head.state_dict())
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, file, {"format": "pt"})
    config = {
        "architecture": name,
        "num_classes": len(classes),
        "num_features": model.encoder.features,
        "label_names": classes,
        "input": "float RGB [n, 3, height, width], 0..1, less `mean`, over `std` of pretrained_cfg",
        "model_args": arguments,
        "pretrained_cfg": {
            "input_size": [3, job.image_size, job.image_size],
            "fixed_input_size": bool(arguments),
            "mean": list(model.encoder.mean),
            "std": list(model.encoder.std),
            "crop_pct": 1.0,
            "interpolation": "bilinear",
            "num_classes": len(classes),
            "label_names": classes,
            "classifier": network.default_cfg.get("classifier", ""),
            "first_conv": network.default_cfg.get("first_conv", ""),
        },
    }
    (file.parent / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def load(file: Path) -> nn.Module:
    """The network of a folder that `write` wrote, read as a stranger's program reads it."""
    network: Any = timm.create_model(f"local-dir:{file.parent}", pretrained=True)
    return _Normalised(network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]).eval()


class _Normalised(nn.Module):
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of uint8 images [n, H, W, 3]."""
        x = images.permute(0, 3, 1, 2).float() / 255
        found: torch.Tensor = self.network((x - self.mean) / self.std)
        return found
