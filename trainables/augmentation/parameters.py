"""One definition of augmentation: what is drawn per image (this file, by `policies`) and how a view is made.

`cpu_views` makes them on the CPU, `gpu_views` in batches on the device. Every view's parameters are a row of uniform
numbers drawn from a hashed seed, so that a view depends on what the seed names and its row alone and never on batch
size, workers or device.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from datasets.base.seeds import rng
from trainables.augmentation.policies import Policy

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
COLUMNS = 16  # uniform numbers per view; more than any policy reads, so that policies can grow without new streams
GRID = 33  # points of a numerical integral over a smooth function: its error is below 0.1 %


@dataclass(frozen=True, kw_only=True)
class View:
    """Parameters of one view of one image, applied in this order: crop, resize, flips, rotation, colours.

    `left, top, width, height` in pixels of the image; `angle` in degrees, counter-clockwise; `hue` in turns;
    `brightness`, `contrast`, `saturation` are factors; `blur` is a sigma in pixels of a 224-pixel view (0: none).
    """

    left: int
    top: int
    width: int
    height: int
    horizontal: bool = False
    vertical: bool = False
    angle: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    grey: bool = False
    blur: float = 0.0


NAMES = tuple(field.name for field in fields(View))


@dataclass(frozen=True, kw_only=True)
class Views:
    """Parameters of n views: the fields of `View`, each an array [n]."""

    left: Integers
    top: Integers
    width: Integers
    height: Integers
    horizontal: Flags
    vertical: Flags
    angle: Doubles
    brightness: Doubles
    contrast: Doubles
    saturation: Doubles
    hue: Doubles
    grey: Flags
    blur: Doubles

    def __len__(self) -> int:
        return len(self.left)

    def __getitem__(self, index: int) -> View:
        return View(**{name: getattr(self, name)[index].item() for name in NAMES})

    def each(self) -> list[View]:
        """All of them, one by one: several times as fast as by index."""
        columns = zip(*(getattr(self, name).tolist() for name in NAMES), strict=True)
        return [View(**dict(zip(NAMES, values, strict=True))) for values in columns]


def uniforms(count: int, *parts: object) -> Floats:
    """[count, COLUMNS] numbers in [0, 1) for what the parts name: row i belongs to view i."""
    return rng(*parts).random((count, COLUMNS), dtype=np.float32)


def draw(chosen: Policy, u: Floats, heights: Integers, widths: Integers) -> Views:
    """The views that rows of uniform numbers [n, COLUMNS] give on images of these sizes [n], in pixels."""
    left, top, width, height = crops(chosen, u, heights, widths)
    jittered = u[:, 14] < chosen.jitter
    return Views(
        left=left,
        top=top,
        width=width,
        height=height,
        horizontal=(u[:, 4] < 0.5) & chosen.flip,
        vertical=(u[:, 5] < 0.5) & chosen.flip,
        angle=_around(0.0, chosen.rotation, u[:, 6]),
        brightness=np.where(jittered, _around(1.0, chosen.brightness, u[:, 8]), 1.0),
        contrast=np.where(jittered, _around(1.0, chosen.contrast, u[:, 9]), 1.0),
        saturation=np.where(jittered, _around(1.0, chosen.saturation, u[:, 10]), 1.0),
        hue=np.where(jittered, _around(0.0, chosen.hue, u[:, 7]), 0.0),
        grey=u[:, 11] < chosen.grey,
        blur=np.where(u[:, 12] < chosen.blur, 0.1 + 1.9 * u[:, 13].astype(np.float64), 0.0),
    )


def whole(height: int, width: int) -> View:
    """The deterministic view of validation: the centred square of the image's shorter side."""
    side = min(height, width)
    return View(left=(width - side) // 2, top=(height - side) // 2, width=side, height=side)


def crops(chosen: Policy, u: Floats, heights: Integers, widths: Integers) -> tuple[Integers, ...]:
    """`left, top, width, height` [n] of torchvision's RandomResizedCrop, from the first four columns of `u`.

    torchvision draws an area share (uniform) and an aspect (log-uniform) until the crop fits into the image. This is
    the same distribution without drawing again: the share by the inverse of its distribution among the crops that
    fit, then the aspect among those that fit with this share. Where none fits, it is torchvision's fallback: the
    largest centred crop within the range of aspects.
    """
    image = np.log(widths / heights)
    low, high = np.log(chosen.ratio[0]), np.log(chosen.ratio[1])
    share, fits = _shares(chosen, u[:, 0].astype(np.float64), image)
    least, most = np.maximum(low, image + np.log(share)), np.minimum(high, image - np.log(share))
    aspect = np.where(fits, least + u[:, 1] * (most - least), np.clip(image, low, high))
    area = np.where(fits, share, np.exp(-np.abs(image - aspect))) * heights * widths
    width = np.clip(np.rint(np.sqrt(area * np.exp(aspect))).astype(np.int64), 1, widths)
    height = np.clip(np.rint(np.sqrt(area / np.exp(aspect))).astype(np.int64), 1, heights)
    left = np.where(fits, u[:, 2] * (widths - width + 1), (widths - width) // 2).astype(np.int64)
    top = np.where(fits, u[:, 3] * (heights - height + 1), (heights - height) // 2).astype(np.int64)
    return left, top, width, height


def _shares(chosen: Policy, u: Doubles, image: Doubles) -> tuple[Doubles, Flags]:
    """Area shares [n] among the crops that fit into images of these log-aspects [n], and whether any does."""
    low, high = np.log(chosen.ratio[0]), np.log(chosen.ratio[1])
    grid = np.linspace(chosen.scale[0], chosen.scale[1], GRID)
    room = np.minimum(high, image[:, None] - np.log(grid)) - np.maximum(low, image[:, None] + np.log(grid))
    room = np.maximum(room, 0.0)  # [n, GRID]: how much of the aspects fits, the density of the share
    reached = np.cumsum((room[:, 1:] + room[:, :-1]) / 2, axis=1)
    wanted = u * reached[:, -1]
    cell = np.minimum((reached <= wanted[:, None]).sum(axis=1), GRID - 2)
    rows = np.arange(len(u))
    start, end = np.where(cell > 0, reached[rows, cell - 1], 0.0), reached[rows, cell]
    within = np.divide(wanted - start, end - start, out=np.zeros(len(u)), where=end > start)
    return grid[cell] + within * (grid[1] - grid[0]), reached[:, -1] > 0


def _around(centre: float, spread: float, u: Floats) -> Doubles:
    return centre + spread * (2 * u.astype(np.float64) - 1)
