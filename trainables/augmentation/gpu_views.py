"""Making views on the device, in batches: uint8 crosses the bus, the processor only copies.

The same views as `cpu_views` makes, from the same parameters: bilinear samples of the crop (black outside it after a
rotation), then brightness, contrast, saturation, a true turn of HSV's hue, grey and blur.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.augmentation.cpu_views import Image, affine
from trainables.augmentation.gpu_colour import jitter
from trainables.augmentation.parameters import Floats, Views

AT_ONCE = 128  # views made together: bounds the memory of the arithmetic, which is in float32


class DeviceViews:
    """Makes views of `size` pixels on one device. The staging memory is kept between batches, two of them in turns."""

    def __init__(self, size: int, device: torch.device) -> None:
        self._size, self._device = size, device
        self._staging = [torch.empty(0, dtype=torch.uint8), torch.empty(0, dtype=torch.uint8)]
        self._copied: list[torch.cuda.Event | None] = [None, None]
        self._ramp = torch.arange(size, dtype=torch.float32, device=device)

    @torch.no_grad()
    def batch(self, images: Sequence[Image], views: Views) -> torch.Tensor:
        """uint8 [n, size, size, 3] on the device; view i is of image i // (n / number of images).

        Each image [H, W, 3] crosses the bus once, however many views are made of it. A view's pixels depend on its
        image and its parameters alone, not on the rest of the batch.
        """
        pixels = self._upload(images)
        where = torch.from_numpy(places(images, views)).to(self._device, non_blocking=True)
        maps = torch.from_numpy(maps_of(views, self._size)).to(self._device, non_blocking=True)
        made = torch.empty((len(views), self._size, self._size, 3), dtype=torch.uint8, device=self._device)
        # the arithmetic is float32 whatever the training's is: in bfloat16 a coordinate is off by a pixel
        with torch.autocast(self._device.type, enabled=False):
            for start in range(0, len(views), AT_ONCE):
                part = slice(start, start + AT_ONCE)
                warped = self._warp(pixels, where[part], maps[part]).permute(0, 3, 1, 2)
                made[part] = jitter(warped, views, part).round_().clamp_(0, 255).permute(0, 2, 3, 1).to(torch.uint8)
        return made

    def stage(self, images: Sequence[Image]) -> torch.Tensor:
        """uint8 [all pixels, 3]: the images one after the other, in memory that the device can read."""
        size = sum(image.size for image in images)
        self._staging.reverse()
        self._copied.reverse()
        if (copied := self._copied[0]) is not None:
            copied.synchronize()  # the last copy out of this memory must be over
        if self._staging[0].numel() < size:
            self._staging[0] = torch.empty(size, dtype=torch.uint8, pin_memory=self._device.type == "cuda")
        staged = self._staging[0][:size]
        np.concatenate([image.reshape(-1) for image in images], out=staged.numpy())
        return staged.view(-1, 3)

    def _upload(self, images: Sequence[Image]) -> torch.Tensor:
        pixels = self.stage(images).to(self._device, non_blocking=True, copy=True)
        if self._device.type == "cuda":
            copied = torch.cuda.Event()
            copied.record(torch.cuda.current_stream(self._device))
            self._copied[0] = copied
        return pixels

    def _warp(self, pixels: torch.Tensor, where: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """float32 [n, size, size, 3] in levels of 256: bilinear samples, as OpenCV takes them."""
        a, b, c, d, e, f, right, bottom, turned = maps[:, :, None, None].unbind(1)
        column, row = self._ramp[None, None, :], self._ramp[None, :, None]
        # products and sums by hand: a matrix product may be made in TF32, which is off by a pixel too
        x, y = a * column + b * row + c, d * column + e * row + f
        inside_x, inside_y = x.clamp(min=0).minimum(right), y.clamp(min=0).minimum(bottom)
        share = (1 - (x - inside_x).abs()).clamp_(min=0) * (1 - (y - inside_y).abs()).clamp_(min=0)
        share = torch.where(turned > 0, share, 1.0)[..., None]
        start, stride = where[:, :, None, None].unbind(1)
        left, top = inside_x.floor(), inside_y.floor()
        west, east = left.long(), (left + 1).minimum(right).long()
        across, down = (inside_x - left)[..., None], (inside_y - top)[..., None]

        def line(index: torch.Tensor) -> torch.Tensor:
            first = start + stride * index.long()
            return torch.lerp(pixels[first + west].float(), pixels[first + east].float(), across)

        return torch.lerp(line(top), line((top + 1).minimum(bottom)), down).mul_(share)


def places(images: Sequence[Image], views: Views) -> NDArray[np.int64]:
    """int64 [n, 2]: where each crop's first pixel lies among all pixels, and pixels from one line to the next."""
    copies = len(views) // len(images)
    widths = np.array([image.shape[1] for image in images])
    starts = np.cumsum([0, *(image.shape[0] * image.shape[1] for image in images)])[:-1]
    widths, starts = np.repeat(widths, copies), np.repeat(starts, copies)
    return np.stack([starts + views.top * widths + views.left, widths], axis=1)


def maps_of(views: Views, size: int) -> Floats:
    """float32 [n, 9]: the map from view to crop, the crop's last column and line, and whether it is turned."""
    last = [views.width - 1, views.height - 1, views.angle != 0]
    return np.column_stack([affine(views, size).reshape(-1, 6), *last]).astype(np.float32)
