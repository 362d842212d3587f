"""One definition of augmentation: what is drawn per image (this file) and how a view is made (`views`).

Every image's parameters are a row of uniform numbers drawn from a hashed seed, so that a view depends on (seed, epoch,
image) alone and never on batch size, order, workers or device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.seeds import rng

Floats = NDArray[np.float32]
COLUMNS = 16  # uniform numbers per view; more than any policy reads, so that policies can grow without new streams


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Ranges of the random parameters; zero-width ranges switch a step off.

    `scale`/`ratio`: RandomResizedCrop's area share and aspect. `rotation` in degrees either way. `hue` in turns either
    way (0.2 = torchvision's jitter of 0.2). `brightness`, `contrast`, `saturation`: factors in 1 ± value.
    `jitter`, `grey`, `blur`: probabilities. `flip`: whether both flips are drawn with probability 1/2.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    rotation: float = 0.0
    hue: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    jitter: float = 1.0
    grey: float = 0.0
    blur: float = 0.0


POLICIES = {
    "none": Policy(),
    # The published study's: flips, RandomResizedCrop(0.75-1), rotation of 45 degrees, hue jitter of 0.2.
    "published": Policy(scale=(0.75, 1.0), ratio=(3 / 4, 4 / 3), flip=True, rotation=45.0, hue=0.2),
    # SimCLR's (Chen et al. 2020), colour strength 0.5, with the vertical flip that skin lesions allow.
    "contrastive": Policy(
        scale=(0.2, 1.0),
        ratio=(3 / 4, 4 / 3),
        flip=True,
        hue=0.1,
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        jitter=0.8,
        grey=0.2,
        blur=0.5,
    ),
}


def policy(name: str) -> Policy:
    """The policy of this name. Raises `ValueError` for an unknown one."""
    if name not in POLICIES:
        raise ValueError(f"An augmentation policy is one of {sorted(POLICIES)}, got {name!r}. Correct the name.")
    return POLICIES[name]


@dataclass(frozen=True, kw_only=True)
class View:
    """Parameters of one view of one image. `left, top, width, height` in pixels of the image after its flips."""

    left: float
    top: float
    width: float
    height: float
    horizontal: bool = False
    vertical: bool = False
    angle: float = 0.0  # degrees, counter-clockwise
    hue: float = 0.0  # turns
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    grey: bool = False
    blur: float = 0.0  # sigma in pixels of a 224-pixel view; 0: none


def uniforms(count: int, *parts: object) -> Floats:
    """[count, COLUMNS] numbers in [0, 1) for what the parts name: row i belongs to image i."""
    return rng(*parts).random((count, COLUMNS), dtype=np.float32)


def draw(chosen: Policy, u: Floats, height: int, width: int) -> View:
    """The view that a row of uniform numbers gives on an image of this size.

    The crop is torchvision's RandomResizedCrop: an area share and a log-uniform aspect, clipped to the image instead
    of drawn again, so that the count of numbers read is fixed.
    """
    area = height * width * (chosen.scale[0] + float(u[0]) * (chosen.scale[1] - chosen.scale[0]))
    low, high = math.log(chosen.ratio[0]), math.log(chosen.ratio[1])
    aspect = math.exp(low + float(u[1]) * (high - low))
    crop_width = min(float(width), math.sqrt(area * aspect))
    crop_height = min(float(height), math.sqrt(area / aspect))
    jittered = u[14] < chosen.jitter
    return View(
        left=float(u[2]) * (width - crop_width),
        top=float(u[3]) * (height - crop_height),
        width=crop_width,
        height=crop_height,
        horizontal=bool(chosen.flip and u[4] < 0.5),
        vertical=bool(chosen.flip and u[5] < 0.5),
        angle=_around(0.0, chosen.rotation, u[6]),
        hue=_around(0.0, chosen.hue, u[7]) if jittered else 0.0,
        brightness=_around(1.0, chosen.brightness, u[8]) if jittered else 1.0,
        contrast=_around(1.0, chosen.contrast, u[9]) if jittered else 1.0,
        saturation=_around(1.0, chosen.saturation, u[10]) if jittered else 1.0,
        grey=bool(u[11] < chosen.grey),
        blur=0.1 + 1.9 * float(u[13]) if u[12] < chosen.blur else 0.0,
    )


def whole(height: int, width: int) -> View:
    """The deterministic view of validation: the centred square of the image's shorter side."""
    side = float(min(height, width))
    return View(left=(width - side) / 2, top=(height - side) / 2, width=side, height=side)


def _around(centre: float, spread: float, u: np.float32) -> float:
    return centre + spread * (2 * float(u) - 1)
