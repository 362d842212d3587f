"""A transform between two pictures in words that a person can check by eye."""

from __future__ import annotations

import math

import cv2
import numpy as np

from datasets.duplicates.descriptors import Floats

_WHOLE = 0.96  # share of a picture above which all of it is there
_STRETCHED = 1.05


def words_for(transform: Floats, left: tuple[int, int], right: tuple[int, int]) -> str:
    """What was done to the left picture ([2, 3] transform onto the right one; sizes are height and width)."""
    linear = transform[:, :2]
    found = ["mirrored"] if np.linalg.det(linear) < 0 else []
    turn = linear * (-1, 1) if found else linear
    angle = round(math.degrees(math.atan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1])))
    if angle:
        found.append(f"turned by {abs(angle)}°")
    large, small = np.linalg.svd(linear, compute_uv=False)
    if large > _STRETCHED * small:
        found.append(f"stretched by {large / small - 1:.0%}")
    ours, theirs = _shares(transform, left, right)
    if ours < _WHOLE and theirs < _WHOLE:
        found.append(f"{max(ours, theirs):.0%} of it is common")
    elif ours < _WHOLE:
        found.append(f"cropped to {ours:.0%}")
    elif theirs < _WHOLE:
        found.append(f"is {theirs:.0%} of the other")
    return ", ".join(found) or "the same view"


def _shares(transform: Floats, left: tuple[int, int], right: tuple[int, int]) -> tuple[float, float]:
    """Of the area of each picture, the part that the other one shows."""
    moved = (_corners(left) @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
    common, _ = cv2.intersectConvexConvex(moved, _corners(right))
    area = abs(float(np.linalg.det(transform[:, :2]))) * left[0] * left[1]
    return min(1.0, common / area), min(1.0, common / (right[0] * right[1]))


def _corners(size: tuple[int, int]) -> Floats:
    height, width = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
