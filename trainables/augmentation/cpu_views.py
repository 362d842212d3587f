"""Making views on the CPU: crop, resize, flips and rotation as one warp with OpenCV, uint8 in and out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.augmentation.parameters import Doubles, View, Views

Image = NDArray[np.uint8]

# Trials share a machine: each uses the threads it was given, not OpenCV's own pool of one per core.
cv2.setNumThreads(0)


def render(image: Image, view: View, size: int, out: Image | None = None, matrix: Doubles | None = None) -> Image:
    """The view of an image [H, W, 3 or 4] (RGB; a fourth channel is ignored) as [size, size, 3].

    Written into `out` when given; `matrix` is `affine(view, size)` where it is known already. The warp samples
    bilinearly; what a rotation brings in from outside the crop is black, as in torchvision, even where the image goes
    on beyond the crop.
    """
    crop = image[view.top : view.top + view.height, view.left : view.left + view.width]
    warped = cv2.warpAffine(
        crop if crop.shape[2] == 4 else four(crop),
        affine(view, size) if matrix is None else matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT if view.angle else cv2.BORDER_REPLICATE,
    )
    made = out if out is not None else np.empty((size, size, 3), dtype=np.uint8)
    cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=made)
    _colours(made, view, size)
    return made


def four(image: Image) -> Image:
    """The image with a fourth channel: OpenCV warps four channels in half the time of three."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), dtype=np.uint8)


def affine(view: View | Views, size: int) -> Doubles:
    """[2, 3] (or [n, 2, 3]) maps from pixel indices of the view to pixel indices of the crop.

    Pixel centres are at half integers, so that (-0.5, -0.5) is the corner of both.
    """
    radians = np.radians(view.angle)
    cos, sin = np.cos(radians), np.sin(radians)
    across = view.width / size * (1 - 2 * np.asarray(view.horizontal))
    down = view.height / size * (1 - 2 * np.asarray(view.vertical))
    # y points down: a counter-clockwise turn has this sign
    linear = np.array([[across * cos, -across * sin], [down * sin, down * cos]])
    centre = np.array([view.width / 2 - 0.5, view.height / 2 - 0.5])
    shift = centre - linear.sum(axis=1) * (size / 2 - 0.5)
    both = np.concatenate([linear, shift[:, None]], axis=1)
    return both if both.ndim == 2 else np.ascontiguousarray(np.moveaxis(both, 2, 0))


def _colours(image: Image, view: View, size: int) -> None:
    """Jitter in place, in torchvision's terms: brightness, contrast, saturation, hue, then grey and blur."""
    if view.brightness != 1.0:
        cv2.convertScaleAbs(image, alpha=view.brightness, dst=image)
    if view.contrast != 1.0:
        mean = np.floor(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0])
        cv2.addWeighted(image, view.contrast, image, 0.0, (1.0 - view.contrast) * mean, dst=image)
    if view.saturation != 1.0:
        cv2.addWeighted(image, view.saturation, _grey(image), 1.0 - view.saturation, 0.0, dst=image)
    if view.hue:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
        hsv[..., 0] += np.uint8(round(view.hue * 256) % 256)  # uint8 wraps round, as hue does
        cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL, dst=image)
    if view.grey:
        image[...] = _grey(image)
    if view.blur:
        image[...] = cv2.GaussianBlur(image, (0, 0), view.blur * size / 224)


def _grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)
