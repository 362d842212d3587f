"""Public checkpoints, synthesised in exactly their layouts from a torchvision ResNet-50.

Each form is a function from the source's state (with its `fc`) to what the public file holds.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import ResNet, resnet50

State = dict[str, torch.Tensor]
HEAD = {"weight": torch.zeros(128, 2048), "bias": torch.zeros(128)}


def source() -> ResNet:
    """A ResNet-50 in evaluation mode whose batch norms are anything but the identity; always the same."""
    return copy.deepcopy(_source())


@cache
def _source() -> ResNet:
    torch.manual_seed(0)
    model = resnet50(weights=None)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.0)
            module.bias.data.normal_(0, 0.1)
    return model.eval()


def encoder_of(state: State) -> State:
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def fc_of(state: State) -> State:
    return {key: value for key, value in state.items() if key.startswith("fc.")}


def prefixed(prefix: str, state: State) -> State:
    return {prefix + key: value for key, value in state.items()}


def swav(state: State) -> State:
    head = {f"module.projection_head.0.{key}": value for key, value in HEAD.items()}
    prototypes = {"module.prototypes.weight": torch.zeros(3000, 128)}
    return {**prefixed("module.", encoder_of(state)), **head, **prototypes}


def byol(state: State) -> State:
    found = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    assert len(found) == 267
    return found


def moco_v2(state: State) -> dict[str, Any]:
    mlp = {f"fc.{layer}.{key}": torch.zeros(4) for layer in (0, 2) for key in ("weight", "bias")}
    query = prefixed("module.encoder_q.", {**encoder_of(state), **mlp})
    key = prefixed("module.encoder_k.", {k: torch.zeros_like(v) for k, v in {**encoder_of(state), **mlp}.items()})
    queue = {"module.queue": torch.zeros(128, 65536 // 64), "module.queue_ptr": torch.zeros(1, dtype=torch.long)}
    return {"epoch": 800, "arch": "resnet50", "state_dict": {**query, **key, **queue}, "optimizer": {"state": {}}}


def infomin(state: State) -> dict[str, Any]:
    heads = {f"module.{head}.{key}": value for head in ("head", "head_jig") for key, value in HEAD.items()}
    return {"model": {**prefixed("module.encoder.", encoder_of(state)), **heads}}


def infomin_with_ema(state: State) -> dict[str, Any]:
    whole = infomin(state)
    return {**whole, "model_ema": {key: torch.zeros_like(value) for key, value in whole["model"].items()}}


def augnet(state: State) -> State:
    return {**prefixed("module.pre.", encoder_of(state)), "module.fc.weight": torch.zeros(768, 2048)}


Form = Callable[[State], Any]


def moco_v3(state: State) -> dict[str, Any]:
    """Of any backbone: the base encoder with its head, the momentum encoder, the predictor."""
    head = {f"head.{layer}.weight": torch.zeros(4) for layer in (0, 3)}
    base = prefixed("module.base_encoder.", {**encoder_of(state), **head})
    momentum = {key.replace("base", "momentum"): torch.zeros_like(value) for key, value in base.items()}
    predictor = {"module.predictor.0.weight": torch.zeros(4)}
    return {"epoch": 1000, "arch": "x", "state_dict": {**base, **momentum, **predictor}, "optimizer": {"state": {}}}


def mae(state: State) -> dict[str, Any]:
    """The encoder under `model`, here with the decoder that training checkpoints have."""
    return {"model": {**state, "mask_token": torch.zeros(1, 1, 8), "decoder_embed.weight": torch.zeros(4)}}


def dinov2(state: State) -> State:
    """The official names: a mask token, registers called `register_tokens`, and a position for the class token, which
    timm's models with registers have added to the token itself."""
    found = {("register_tokens" if key == "reg_token" else key): value for key, value in state.items()}
    width = state["pos_embed"].shape[-1]
    if "reg_token" in state:
        found["pos_embed"] = torch.cat([torch.zeros(1, 1, width), state["pos_embed"]], dim=1)
    return {**found, "mask_token": torch.zeros(1, width)}


OPENAI = {
    "blocks.": "transformer.resblocks.",
    "attn.qkv.": "attn.in_proj_",
    "attn.proj.": "attn.out_proj.",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "norm_pre": "ln_pre",
    "norm1": "ln_1",
    "norm2": "ln_2",
    "norm.": "ln_post.",
    "patch_embed.proj": "conv1",
}
TRANSFORMERS = {
    "blocks.": "encoder.layers.",
    "attn.proj.": "self_attn.out_proj.",
    "norm_pre": "pre_layrnorm",
    "norm1": "layer_norm1",
    "norm2": "layer_norm2",
    "norm.": "post_layernorm.",
    "patch_embed.proj": "embeddings.patch_embedding",
}


def said(key: str, words: dict[str, str]) -> str:
    for ours, theirs in words.items():
        key = re.sub(rf"(^|\.){re.escape(ours)}", rf"\1{theirs}", key)
    return key


def open_clip(state: State) -> State:
    """open_clip's and OpenAI's: both towers, the projections, and a temperature."""
    tokens = {"class_embedding": state["cls_token"][0, 0], "positional_embedding": state["pos_embed"][0]}
    layers = {said(key, OPENAI): value for key, value in state.items() if key not in ("cls_token", "pos_embed")}
    visual = prefixed("visual.", {**tokens, **layers, "proj": torch.zeros(8, 4)})
    texts = {"transformer.resblocks.0.ln_1.weight": torch.zeros(4), "positional_embedding": torch.zeros(77, 4)}
    return {**visual, **texts, "text_projection": torch.zeros(4, 4), "logit_scale": torch.tensor(1.0)}


def transformers_clip(state: State) -> State:
    """`CLIPModel` of transformers: queries, keys and values apart, and an index of the positions."""
    found = {
        "embeddings.class_embedding": state["cls_token"][0, 0],
        "embeddings.position_embedding.weight": state["pos_embed"][0],
        "embeddings.position_ids": torch.arange(5)[None],
    }
    for key, value in state.items():
        if ".attn.qkv." in key:
            for part, share in zip("qkv", value.chunk(3), strict=True):
                found[said(key, TRANSFORMERS).replace("attn.qkv", f"self_attn.{part}_proj")] = share
        elif key not in ("cls_token", "pos_embed"):
            found[said(key, TRANSFORMERS)] = value
    texts = {"text_model.encoder.layers.0.layer_norm1.weight": torch.zeros(4), "logit_scale": torch.tensor(1.0)}
    projections = {"visual_projection.weight": torch.zeros(4, 8), "text_projection.weight": torch.zeros(4, 4)}
    return {**prefixed("vision_model.", found), **texts, **projections}


def panderm_large(state: State) -> dict[str, Any]:
    """The encoder of a pre-training by CAEv2, beside its teacher and decoder."""
    teacher = prefixed("teacher.", {key: torch.zeros_like(value) for key, value in state.items()})
    decoder = {"decoder.blocks.0.norm1.weight": torch.zeros(4), "mask_token": torch.zeros(1, 1, 4)}
    return {"model": {**prefixed("encoder.", state), **teacher, **decoder}, "epoch": 499}


FORMS: dict[str, tuple[str, Form]] = {
    "simclr nested": ("simclr", lambda state: {"state_dict": state}),
    "simclr bare": ("simclr", dict),
    "swav bare": ("swav", swav),
    "swav nested": ("swav", lambda state: {"epoch": 1, "state_dict": swav(state)}),
    "byol bare": ("byol", byol),
    "moco_v2 nested": ("moco_v2", moco_v2),
    "moco_v2 bare": ("moco_v2", lambda state: moco_v2(state)["state_dict"]),
    "infomin nested": ("infomin", infomin),
    "infomin bare": ("infomin", lambda state: infomin(state)["model"]),
    "infomin with momentum copy": ("infomin", infomin_with_ema),
    "supervised bare": ("supervised", dict),
    "moco_v3": ("moco_v3", moco_v3),
    "barlow_twins": ("barlow_twins", encoder_of),
    "vicreg": ("vicreg", encoder_of),
    "dino": ("dino", encoder_of),
    "own, AugNet's prefix": ("own", augnet),
    "own nested": ("own", lambda state: {"model_state_dict": prefixed("backbone.", encoder_of(state))}),
}


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NORMALISATION = {
    "simclr": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "swav": (MEAN, (0.228, 0.224, 0.225)),
    "byol": (MEAN, STD),
    "moco_v2": (MEAN, STD),
    "infomin": (MEAN, STD),
    "supervised": (MEAN, STD),
    "moco_v3": (MEAN, STD),
    "barlow_twins": (MEAN, STD),
    "vicreg": (MEAN, STD),
    "dino": (MEAN, STD),
    "own": (MEAN, STD),
}


class SamePool(nn.Module):
    """3 × 3 max-pool of stride 2 with TensorFlow's SAME padding, from its definition."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(same_pad(x, 3, 2, float("-inf")), 3, 2)


class SameConv(nn.Module):
    """A strided convolution with TensorFlow's SAME padding, from its definition."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, stride = self.conv.kernel_size[0], self.conv.stride[0]
        return F.conv2d(same_pad(x, size, stride, 0.0), self.conv.weight, stride=stride)


def same_pad(x: torch.Tensor, size: int, stride: int, value: float) -> torch.Tensor:
    """Output size ceil(n / stride); of an odd total the larger half goes right and below."""
    pads: list[int] = []
    for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // stride) - 1) * stride + size - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def as_trained(model: ResNet, encoder: str) -> nn.Module:
    """The source with the padding of the network that the public weights were trained in, and without its head."""
    model.fc = nn.Identity()
    if encoder in ("simclr", "byol"):
        model.maxpool = SamePool()
    if encoder == "byol":
        model.conv1 = SameConv(model.conv1)
        for stage in (model.layer2, model.layer3, model.layer4):
            stage[0].conv2 = SameConv(stage[0].conv2)
    return model
