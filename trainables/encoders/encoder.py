"""An encoder: a timm backbone without its classifier, and the normalisation that its weights expect."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any, cast

import timm
import torch
from timm.models import PretrainedCfg
from torch import nn

from trainables.encoders import padding as padding_
from trainables.encoders import panderm_network  # noqa: F401 - adds its names to timm's
from trainables.encoders.errors import EncoderError
from trainables.encoders.padding import Padding

Channels = tuple[float, float, float]


class Encoder(nn.Module):
    """Normalised float images [n, 3, H, W] (RGB) -> features [n, `features`].

    `mean` and `std` (of pixels in 0..1) are the encoder's own normalisation. They and the padding are part of its
    state, so that a checkpoint restores them even where the weights that it began with are gone.
    """

    def __init__(self, backbone: nn.Module, *, features: int, mean: Channels, std: Channels, padding: Padding) -> None:
        super().__init__()
        self.backbone = backbone
        self.features = features
        self.mean, self.std = mean, std
        self.padding: Padding = "torch"
        self._pad(padding)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features of a batch."""
        found: torch.Tensor = self.backbone(images)
        return found

    def tokens(self, images: torch.Tensor) -> torch.Tensor:
        """Features of the patches of a batch [n, patches, d], before pooling; without class and register tokens.

        A convolutional network's patches are the places of its last map.
        """
        found: torch.Tensor = self.backbone.forward_features(images)  # type: ignore[operator]
        if found.ndim == 3:
            return found[:, int(getattr(self.backbone, "num_prefix_tokens", 0)) :]
        channels_last = getattr(self.backbone, "output_fmt", "NCHW") == "NHWC"
        return found.flatten(1, 2) if channels_last else found.flatten(2).mT

    @property
    def token_features(self) -> int:
        """How many features a patch has."""
        return int(self.backbone.num_features)  # type: ignore[arg-type]

    def get_extra_state(self) -> torch.Tensor:
        """Normalisation and padding as JSON in a uint8 tensor, which every checkpoint format can hold."""
        text = json.dumps({"mean": self.mean, "std": self.std, "padding": self.padding})
        return torch.tensor(list(text.encode()), dtype=torch.uint8)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """What `get_extra_state` gave."""
        found = json.loads(bytes(state.tolist()))
        self.mean, self.std = channels(found["mean"]), channels(found["std"])
        self._pad(padding_.padding(found["padding"]))

    def _pad(self, wanted: Padding) -> None:
        if wanted == self.padding:
            return
        if self.padding != "torch":
            raise EncoderError(f"An encoder's padding is set once; this one has {self.padding!r}, got {wanted!r}.")
        padding_.apply(self.backbone, wanted)
        self.padding = wanted


def channels(values: object) -> Channels:
    """Three numbers, one a colour channel. Raises `EncoderError` for anything else."""
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise EncoderError(f"A normalisation has one number for each of three channels, got {values!r}.")
    return cast(Channels, tuple(float(value) for value in values))


def bare(backbone: str, image_size: int, drop_path: float = 0.0) -> nn.Module:
    """A timm model without its classifier, with fresh weights. Raises `EncoderError` for a name timm does not know, and
    for a rate of stochastic depth (`drop_path`) where the model has none.

    Models of a fixed input size (ViT, Swin) are made for `image_size`; the others take any. Raises `EncoderError` too
    for a size that their patches do not divide: the rest of the image would be cut off without a word.
    """
    options: dict[str, Any] = {"img_size": image_size} if is_fixed_size(backbone) else {}
    options |= {"drop_path_rate": drop_path} if drop_path else {}
    try:
        model: nn.Module = timm.create_model(backbone, pretrained=False, num_classes=0, **options)
    except (AssertionError, ValueError) as error:
        raise EncoderError(
            f"{backbone} cannot be made for images of {image_size} px: {error}. Choose another image_size, such as the "
            f"{_config(backbone).input_size[-1]} px that it was made for."
        ) from error
    except TypeError as error:
        if not drop_path:
            raise
        raise EncoderError(f"{backbone} has no stochastic depth, got drop_path {drop_path:g}. Fix it at 0.") from error
    patch = patch_size(model)
    if image_size % patch:
        below, above = image_size // patch * patch, -(-image_size // patch) * patch
        raise EncoderError(
            f"The image size is a multiple of the patches of {backbone}, {patch} px, got {image_size}. Set image_size "
            f"of the method or the study to {below or above} or {above}."
        )
    return model


def patch_size(model: nn.Module) -> int:
    """Side in pixels of the patches that a transformer cuts an image into; 1 for other models."""
    size = getattr(getattr(model, "patch_embed", None), "patch_size", 1)
    return int(size[0] if isinstance(size, tuple | list) else size)


def takes_one_size(model: nn.Module) -> bool:
    """Whether images must have the size that the model was made for."""
    return bool(getattr(getattr(model, "patch_embed", None), "strict_img_size", False))


def resampled(backbone: str, image_size: int) -> str:
    """A note for people: whether weights of this backbone are of another input size, to which they are resampled."""
    native = _config(backbone).input_size[-1]
    if not is_fixed_size(backbone) or native == image_size:
        return ""
    return f" (its weights are of {native} px: position embeddings are resampled)"


def feature_dimension(model: nn.Module) -> int:
    """How many features a model of `bare` gives: behind the last hidden layer, where its family has one."""
    return cast(int, getattr(model, "head_hidden_size", None) or model.num_features)


def default_normalisation(backbone: str) -> tuple[Channels, Channels]:
    """Mean and standard deviation that timm's weights of this name (with its tag, if any) were trained with."""
    config = _config(backbone)
    return channels(config.mean), channels(config.std)


def classifier_prefixes(backbone: str) -> tuple[str, ...]:
    """What the names of this model's classifier parameters begin with in a checkpoint that has one."""
    found = _config(backbone).classifier
    return () if not found else tuple(f"{name}." for name in ([found] if isinstance(found, str) else found))


def is_fixed_size(backbone: str) -> bool:
    """Whether models of this name are made for one input size."""
    return bool(_config(backbone).fixed_input_size)


def _config(backbone: str) -> PretrainedCfg:
    config = timm.get_pretrained_cfg(backbone, allow_unregistered=True) if timm.is_model(backbone) else None
    if config is None:
        name = backbone.partition(".")[0]
        alike = timm.list_models(f"*{name}*")[:5] or get_close_matches(name, timm.list_models(), n=5, cutoff=0.5)
        near = ", ".join(alike) or "none"
        raise EncoderError(f"A backbone is the name of a timm model, got {backbone!r}; near it: {near}. Correct it.")
    return config
