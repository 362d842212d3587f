"""TensorFlow's SAME padding, which some public weights were trained with and lose accuracy without."""

from __future__ import annotations

from typing import Literal, cast, get_args

from timm.layers.conv2d_same import Conv2dSame
from timm.layers.pool2d_same import MaxPool2dSame
from torch import nn

Pair = tuple[int, int]
Padding = Literal["torch", "same_pool", "same"]
"""`torch`: as PyTorch has it. `same_pool`: SAME in max-pooling alone (SimCLR's code pads its convolutions
explicitly). `same`: SAME in every strided convolution and pool (Haiku's ResNet, as in BYOL)."""


def padding(name: str) -> Padding:
    """The padding of this name. Raises `ValueError` for another."""
    if name not in get_args(Padding):
        raise ValueError(f"a padding is one of {get_args(Padding)}, got {name!r}")
    return cast(Padding, name)


def apply(model: nn.Module, wanted: Padding) -> None:
    """Replace the layers concerned, in place; weights stay. SAME pads more on the right and below (or not at all)."""
    if wanted == "torch":
        return
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, MaxPool2dSame(child.kernel_size, child.stride))
            elif wanted == "same" and type(child) is nn.Conv2d and max(child.stride) > 1 and max(child.kernel_size) > 1:
                setattr(module, name, _same(child))


def _same(old: nn.Conv2d) -> nn.Conv2d:
    new: nn.Conv2d = Conv2dSame(
        old.in_channels,
        old.out_channels,
        cast(Pair, old.kernel_size),
        stride=cast(Pair, old.stride),
        dilation=cast(Pair, old.dilation),
        groups=old.groups,
        bias=old.bias is not None,
    )
    new.weight, new.bias = old.weight, old.bias
    return new
