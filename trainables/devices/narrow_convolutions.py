"""Convolutions of narrow images, for CPUs that multiply in bfloat16: oneDNN's own are slow there, or wrong.

Slow: the weight gradient of 512 × 512 × 3 × 3 on 32 images of 2 × 2 takes 18 ms on 2 cores with AMX, as a product of
matrices 1.5 ms. Views of 64 pixels end in such images. Scoring keeps to oneDNN, whose forward pass is faster.

Wrong: where a stride leaves outputs of width 1, weight gradients have whatever was in memory (NaN, or 1e30), and so
have outputs of more than one row (torch 2.14 with AMX: 175 of the shapes tried). There float32 is used, or a product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

NARROW = 14 * 14  # outputs an image: with more, to copy a pixel once for every kernel position costs what it saves
LARGE = 2**18  # weights: oneDNN is good at smaller ones
Pair = tuple[int, int]


class NarrowConvolutions(TorchFunctionMode):
    """Within this context autocast's `conv2d` of narrow images is computed here."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Called by torch for each of its functions."""
        if func is torch.conv2d and torch.is_autocast_enabled("cpu"):
            return _under_autocast(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _under_autocast(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    plain = input.dim() == 4 and groups == 1 and _pair(dilation) == (1, 1)
    if not isinstance(padding, str):  # which torch allows without a stride alone
        shapes = input.shape, weight.shape, _pair(stride), _pair(padding)
        if plain and _pays(weight, *shapes):
            found = conv2d(input.bfloat16(), weight.bfloat16(), _pair(stride), _pair(padding))
            return found if bias is None else found + bias.bfloat16()[:, None, None]
        if _is_wrong(*shapes):
            with torch.autocast("cpu", enabled=False):
                return torch.conv2d(input.float(), weight, bias, stride, padding, dilation, groups)
    return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv2d(images: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    """images [n, c, h, w], weight [k, c, y, x] → [n, k, h', w'], as torch's `conv2d`. Channels last is its own layout:
    others are copied into it."""
    found: Tensor = _Product.apply(images, weight, stride, padding)
    return found


def _pays(weight: Tensor, *shapes: Any) -> bool:
    height, width = _outputs(*shapes)
    return torch.is_grad_enabled() and weight.numel() >= LARGE and 0 < height * width <= NARROW


def _is_wrong(images: Sequence[int], weight: Sequence[int], stride: Pair, padding: Pair) -> bool:
    """Whether a stride leaves outputs of width 1."""
    return stride[1] > 1 and images[-1] + 2 * padding[1] - weight[-1] < stride[1]


def _pair(value: int | Sequence[int]) -> Pair:
    if isinstance(value, int):
        return value, value
    height, width = value
    return height, width


def _outputs(images: Sequence[int], weight: Sequence[int], stride: Pair, padding: Pair) -> Pair:
    height, width = ((images[2 + i] + 2 * padding[i] - weight[2 + i]) // stride[i] + 1 for i in (0, 1))
    return height, width


class _Product(torch.autograd.Function):
    """Outputs [n · h' · w', k] = patches [n · h' · w', y · x · c] × filters [y · x · c, k]. The patches are made again
    for the gradient: they take the memory of nine images where the kernel has nine positions."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.stride, ctx.padding = stride, padding
        height, width = _outputs(images.shape, weight.shape, stride, padding)
        found = _patches(images, weight.shape, stride, padding) @ _filters(weight).t()
        return found.view(len(images), height, width, len(weight)).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        outputs = gradients[0].permute(0, 2, 3, 1).flatten(0, 2)
        to_images = to_weight = None
        if ctx.needs_input_grad[0]:
            to_images = _gathered(outputs @ _filters(weight), images.shape, weight.shape, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[1]:
            k, c, y, x = weight.shape
            product = outputs.t() @ _patches(images, weight.shape, ctx.stride, ctx.padding)
            to_weight = product.view(k, y, x, c).permute(0, 3, 1, 2)
        return to_images, to_weight, None, None


def _filters(weight: Tensor) -> Tensor:
    """[k, y · x · c]: a filter a row."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _patches(images: Tensor, weight: Sequence[int], stride: Pair, padding: Pair) -> Tensor:
    """[n · h' · w', y · x · c]: what an output sees, a row."""
    height, width = _outputs(images.shape, weight, stride, padding)
    padded = images.permute(0, 2, 3, 1)
    if any(padding):
        padded = nn.functional.pad(padded, (0, 0, padding[1], padding[1], padding[0], padding[0]))
    by_image, by_row, by_column, by_channel = padded.stride()
    seen = padded.as_strided(
        (len(images), height, width, *weight[2:], images.shape[1]),
        (by_image, stride[0] * by_row, stride[1] * by_column, by_row, by_column, by_channel),
        padded.storage_offset(),
    )
    return seen.reshape(len(images) * height * width, -1)


def _gathered(patches: Tensor, images: Sequence[int], weight: Sequence[int], stride: Pair, padding: Pair) -> Tensor:
    """[n, c, h, w]: for every pixel the sum of its places in the patches."""
    (n, c, h, w), (y, x) = images, weight[2:]
    height, width = _outputs(images, weight, stride, padding)
    places = patches.view(n, height, width, y, x, c)
    total = patches.new_zeros(n, h + 2 * padding[0], w + 2 * padding[1], c)
    for row in range(y):
        for column in range(x):
            rows = slice(row, row + stride[0] * height, stride[0])
            columns = slice(column, column + stride[1] * width, stride[1])
            total[:, rows, columns] += places[:, :, :, row, column]
    return total[:, padding[0] : padding[0] + h, padding[1] : padding[1] + w].permute(0, 3, 1, 2)
