"""Making views on the CPU: flip, crop, resize and rotation as one masked warp with OpenCV, uint8 in and out."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.augment import View

Image = NDArray[np.uint8]

# Trials share a machine: each uses the threads it was given, not OpenCV's own pool of one per core.
cv2.setNumThreads(0)


def render(image: Image, view: View, size: int, out: Image | None = None) -> Image:
    """The view of an image [H, W, 3] as [size, size, 3]; written into `out` when given.

    The warp samples bilinearly; what a rotation brings in from outside the crop is black, as in torchvision, even
    where the image goes on beyond the crop.
    """
    height, width = image.shape[:2]
    matrix = affine(view, height, width, size)
    found = cv2.warpAffine(
        image,
        matrix,
        (size, size),
        dst=out,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if view.angle:
        found[outside(view.angle, size)] = 0
    _colours(np.asarray(found, dtype=np.uint8), view, size)
    if out is not None and found is not out:
        out[...] = found
    return np.asarray(found, dtype=np.uint8)


def affine(view: View, height: int, width: int, size: int) -> NDArray[np.float64]:
    """[2, 3] map from pixel indices of the view to pixel indices of the image (pixel centres at half integers)."""
    radians = math.radians(view.angle)
    cos, sin = math.cos(radians), math.sin(radians)
    # view pixel -> unrotated view, about its centre (y points down: a counter-clockwise turn has this sign)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    to_centre = np.array([[1.0, 0.0, 0.5 - size / 2], [0.0, 1.0, 0.5 - size / 2], [0.0, 0.0, 1.0]])
    to_crop = np.array(
        [
            [view.width / size, 0.0, view.left + view.width / 2 - 0.5],
            [0.0, view.height / size, view.top + view.height / 2 - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )
    flip = np.eye(3)
    if view.horizontal:
        flip[0] = [-1.0, 0.0, width - 1.0]
    if view.vertical:
        flip[1] = [0.0, -1.0, height - 1.0]
    return np.asarray((flip @ to_crop @ turn @ to_centre)[:2])


def outside(angle: float, size: int) -> NDArray[np.bool_]:
    """[size, size] mask of the view's pixels whose centre falls outside the crop when it is turned by `angle`."""
    radians = math.radians(angle)
    cos, sin = math.cos(radians), math.sin(radians)
    centred = np.arange(size, dtype=np.float32) + (0.5 - size / 2)
    x, y = centred[None, :], centred[:, None]
    half = size / 2
    return np.asarray((np.abs(cos * x - sin * y) > half) | (np.abs(sin * x + cos * y) > half))


def _colours(image: Image, view: View, size: int) -> None:
    """Jitter in place, in torchvision's terms: brightness, contrast, saturation, hue, then grey and blur."""
    if view.brightness != 1.0:
        image[...] = cv2.convertScaleAbs(image, alpha=view.brightness)
    if view.contrast != 1.0:
        mean = float(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean())
        image[...] = _blend(image, np.full_like(image, round(mean)), view.contrast)
    if view.saturation != 1.0:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        image[...] = _blend(image, np.asarray(grey, dtype=np.uint8), view.saturation)
    if view.hue:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
        hsv[..., 0] += np.uint8(round(view.hue * 256) % 256)  # uint8 wraps round, as hue does
        image[...] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
    if view.grey:
        image[...] = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if view.blur:
        image[...] = cv2.GaussianBlur(image, (0, 0), view.blur * size / 224)


def _blend(image: Image, other: Image, share: float) -> Image:
    return np.asarray(cv2.addWeighted(image, share, other, 1.0 - share, 0.0), dtype=np.uint8)
