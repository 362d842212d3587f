"""What a step of each adaptation holds beside the images, and on a GPU its peak against that: weights, what the
backward pass keeps of the forward one, gradients and the optimizer's states."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from tests.benchmarks.models import model
from trainables.devices.precision import autocast, describe, pick_device, prepare
from trainables.job import ParamValue
from trainables.models.classifier import Classifier
from trainables.pipelines.registry import PIPELINES
from trainables.training.step import Stepper

ADAPTATIONS: Mapping[str, Mapping[str, ParamValue]] = {
    "ft": {},
    "lora": {"lora_rank": 8, "lora_alpha": 16.0, "lora_dropout": 0.0},
    "bitfit": {},
    "linear": {},
}
MB = 2**20


def run(short: bool) -> dict:
    """A ResNet-50 and a ViT-S at 224 px; short: 8 images a step, long: 32."""
    device, batch = pick_device(), 8 if short else 32
    return {
        "title": "Memory of a step by adaptation",
        "rows": rows(("resnet50", "vit_small_patch16_224"), 224, batch, device),
        "note": f"{describe(device)}. Weights are float32; what the backward pass keeps is counted tensor by tensor as "
        "autograd saves it, and is the forward pass's own; states are AdamW's. `linear` trains on features that were "
        "computed without gradients. A GPU's peak is in the benchmark `gpu`.",
    }


def rows(backbones: tuple[str, ...], size: int, batch: int, device: torch.device) -> list[dict]:
    """A row for each backbone and adaptation, in MB."""
    prepare(device, torch.get_num_threads())
    return [_row(backbone, size, batch, adaptation, device) for backbone in backbones for adaptation in ADAPTATIONS]


def _row(backbone: str, size: int, batch: int, adaptation: str, device: torch.device) -> dict:
    made, frozen = model(backbone, size), adaptation == "linear"
    own = list(PIPELINES.get(adaptation).trained(made, ADAPTATIONS[adaptation]).parameters())
    own = [parameter for parameter in own if parameter.requires_grad]
    made = made.to(device).train(not frozen)
    images = torch.from_numpy(np.zeros((batch, size, size, 3), np.uint8)).to(device)
    weights = sum(parameter.numel() * parameter.element_size() for parameter in made.parameters())
    states = 3 * sum(parameter.numel() * parameter.element_size() for parameter in own)  # gradient, AdamW's two
    kept = 0 if frozen else _kept_for_backward(made, images, device)
    found = {
        "what": f"{backbone}, {size} px, batch {batch}: {adaptation}",
        "weights, MB": weights / MB,
        "kept for the backward pass, MB": kept / MB,
        "gradients and states of the trained, MB": states / MB,
        "together, MB": (weights + kept + states) / MB,
    }
    if device.type == "cuda":
        found["peak of a step, MB"] = _peak(made, images, own, frozen, device) / MB
    return found


def _kept_for_backward(made: Classifier, images: torch.Tensor, device: torch.device) -> int:
    """Bytes of the tensors that autograd keeps, those of the weights left out."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in made.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), autocast(device):
        loss = made(images).float().square().sum()
        found = sum(kept.values())
    del loss
    return found


def _peak(
    made: Classifier, images: torch.Tensor, own: list[torch.nn.Parameter], frozen: bool, device: torch.device
) -> int:
    labels = np.zeros(len(images), np.int64)
    stepper = Stepper(made, torch.optim.AdamW(own, lr=1e-4), device)
    for _ in range(3):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats(device)
        if frozen:
            with torch.inference_mode(), autocast(device):
                made.encode(images)
        else:
            stepper.step(images, labels)
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated(device)
