"""Colour jitter of batches on the device: the steps that `cpu_views` takes, in the same order."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from trainables.augmentation.parameters import Doubles, Flags, Views

Tensor = torch.Tensor


def jitter(x: Tensor, views: Views, part: slice) -> Tensor:
    """float32 [n, 3, H, W] in levels of 256 with the colours of `views[part]`; steps that no view needs are skipped."""

    def factors(values: Doubles | Flags) -> Tensor:
        return torch.from_numpy(values[part].astype(np.float32)).to(x.device, non_blocking=True)[:, None, None, None]

    if (views.brightness[part] != 1).any():
        x = (x * factors(views.brightness)).clamp_(0, 255)
    if (views.contrast[part] != 1).any():
        x = _blend(x, grey(x).mean(dim=(1, 2, 3), keepdim=True), factors(views.contrast))
    if (views.saturation[part] != 1).any():
        x = _blend(x, grey(x), factors(views.saturation))
    if (views.hue[part] != 0).any():
        x = turn_hue(x, factors(views.hue))
    if views.grey[part].any():
        x = torch.where(factors(views.grey) > 0, grey(x), x)
    blurred = np.flatnonzero(views.blur[part])
    if len(blurred):
        index = torch.from_numpy(blurred).to(x.device)
        x[index] = blur(x[index], views.blur[part][blurred] * x.shape[-1] / 224)
    return x


def grey(x: Tensor) -> Tensor:
    """Luma [n, 1, H, W] by the weights of ITU-R BT.601."""
    return 0.299 * x[:, 0:1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:3]


def turn_hue(x: Tensor, turns: Tensor) -> Tensor:
    """Hue turned by `turns` [n, 1, 1, 1]: through HSV and back; a linear turn in YIQ would not be the same colours."""
    value, least = x.amax(dim=1, keepdim=True), x.amin(dim=1, keepdim=True)
    chroma = value - least
    red, green, blue = x.unbind(1)
    top = value[:, 0]
    sixth = torch.where(
        top == red,
        green - blue,
        torch.where(top == green, blue - red + 2 * chroma[:, 0], red - green + 4 * chroma[:, 0]),
    )
    sixth = sixth[:, None] / chroma.clamp(min=1e-3) + turns * 6  # of a turn of hue
    shift = torch.tensor([5.0, 3.0, 1.0], device=x.device).view(1, 3, 1, 1)
    k = (sixth + shift).remainder_(6)
    return value - chroma * torch.minimum(k, 4 - k).clamp_(0, 1)


def blur(x: Tensor, sigmas: Doubles) -> Tensor:
    """Gaussian blur of each image [n, 3, H, W] by its own sigma [n] in pixels, over three sigmas, mirrored at edges."""
    radius = min(round(3 * float(sigmas.max())), x.shape[-1] - 1)
    if radius < 1:
        return x
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigmas[:, None]) ** 2)
    kernel[np.abs(offsets) > np.rint(3 * sigmas)[:, None]] = 0
    kernel /= kernel.sum(axis=1, keepdims=True)
    weight = torch.from_numpy(kernel.astype(np.float32)).to(x.device).repeat_interleave(3, dim=0)
    flat = nn.functional.pad(x.reshape(1, -1, *x.shape[2:]), [radius] * 4, mode="reflect")
    flat = nn.functional.conv2d(flat, weight[:, None, :, None], groups=len(weight))
    flat = nn.functional.conv2d(flat, weight[:, None, None, :], groups=len(weight))
    return flat.view_as(x)


def _blend(x: Tensor, other: Tensor, share: Tensor) -> Tensor:
    return (x * share + other * (1 - share)).clamp_(0, 255)
