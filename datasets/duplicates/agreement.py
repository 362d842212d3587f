"""How well two pictures agree, pixel by pixel, once a transform has brought one onto the other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.duplicates.descriptors import Floats, inner

Grey = NDArray[np.uint8]
_FINE, _COARSE = 1.5, 8.0  # pixels: the band of structures that two pictures are compared by
_FLOOR = 1.0  # grey values: structures fainter than this are noise


def agreement(left: Grey, right: Grey, transform: Floats) -> float:
    """Correlation of both pictures' structures where they overlap after the transform; 0 where that is too little.

    Structures of a few pixels: skin, light and the dark circle of a dermatoscope are alike in most pictures.
    """
    if abs(float(np.linalg.det(transform[:, :2]))) < 1:  # the finer of both decides what is there to see
        left, right, transform = right, left, np.asarray(cv2.invertAffineTransform(transform))
    height, width = right.shape
    moved = np.asarray(cv2.warpAffine(left, transform, (width, height), flags=cv2.INTER_LINEAR), np.uint8)
    ours, theirs = inner(left), inner(right)
    seen = np.where(ours, np.uint8(255), np.uint8(0))
    mask = (cv2.warpAffine(seen, transform, (width, height)) == 255) & theirs
    area = abs(float(np.linalg.det(transform[:, :2]))) * float(
        ours.sum()
    )  # without the black that lesions are cut out on
    share = float(mask.sum()) / max(1.0, min(area, float(theirs.sum())))
    inside = cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=0) > 0
    if share < 0.3 or inside.sum() < 400:
        return 0.0
    one, other = _band(moved, inside)[inside], _band(right, inside)[inside]
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 1e-3 else 0.0


def _band(picture: Grey, mask: NDArray[np.bool_]) -> Floats:
    """Structures between the fine and the coarse scale, by differences of Gaussians that see the mask alone."""
    weight = mask.astype(np.float32)
    values = picture.astype(np.float32) * weight

    def smooth(sigma: float) -> Floats:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma) / (cv2.GaussianBlur(weight, (0, 0), sigma) + 1e-3))

    band = (smooth(_FINE) - smooth(_COARSE)) * weight
    energy = cv2.GaussianBlur(band * band, (0, 0), _COARSE) / (cv2.GaussianBlur(weight, (0, 0), _COARSE) + 1e-3)
    return np.asarray(band / np.sqrt(energy + _FLOOR**2))
