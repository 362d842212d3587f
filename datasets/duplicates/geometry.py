"""Stage two: the affine transform that carries one picture onto another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.duplicates.descriptors import VIEWS, Features, Floats, mirrored

Pairs = NDArray[np.int64]
TOLERANCE = 3.0
"""Pixels at the working size that a key point may be off."""
STRETCH, SCALE = 1.6, 3.0
"""The most that a copy is stretched along one axis against the other, and enlarged or reduced."""
_RATIO = 0.85  # of the angle to the nearest descriptor and to the second (Lowe 2004)
_ROUGH = 9.0
"""Pixels: as `TOLERANCE`, where low frequencies alone guess the transform."""
ALIKE = 0.85
"""Cosine of two descriptors that may be of one structure."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A transform ([2, 3], pixels at the working size) and how many key points it brings together."""

    transform: Floats
    support: int
    visible: int

    @property
    def share(self) -> float:
        """Of the key points that both pictures could have, how many they have in common."""
        return self.support / max(1, self.visible)


def fit(left: Features, right: Features) -> Fit | None:
    """The transform from `left` to `right` that most key points follow, from two first guesses: matches of key points
    and low frequencies."""
    found = [_from_matches(left, right), _settle(left, right, by_frequencies(left, right), _ROUGH)]
    return max((each for each in found if each), key=lambda each: each.support, default=None)


def _from_matches(left: Features, right: Features) -> Fit | None:
    theirs = right.descriptors.astype(np.float32).T
    plain = _matches(left.descriptors.astype(np.float32) @ theirs)
    flipped = _matches(mirrored(left.descriptors).astype(np.float32) @ theirs)
    return _settle_on(left, right, flipped if len(flipped) > len(plain) else plain)


def _settle_on(left: Features, right: Features, chosen: Pairs) -> Fit | None:
    """The transform of the matches that agree, and how many key points it brings together."""
    transform = _affine(left, right, chosen)
    return None if transform is None else _settle(left, right, transform, TOLERANCE)


def _settle(left: Features, right: Features, transform: Floats, tolerance: float) -> Fit | None:
    for each in (tolerance, TOLERANCE):
        near = together(left, right, transform, each)
        better = _affine(left, right, near)
        if better is None:
            return None
        transform = better
    return Fit(
        transform=transform,
        support=len(together(left, right, transform, TOLERANCE)),
        visible=min(
            _inside(left.points, transform, right.size),
            _inside(right.points, np.asarray(cv2.invertAffineTransform(transform)), left.size),
        ),
    )


def _inside(points: Floats, transform: Floats, size: tuple[int, int]) -> int:
    """How many points the transform brings into a picture of this size."""
    moved = points @ transform[:, :2].T + transform[:, 2]
    return int(((moved >= 0) & (moved < (size[1], size[0]))).all(axis=1).sum())


def _affine(left: Features, right: Features, chosen: Pairs) -> Floats | None:
    if len(chosen) < 4:
        return None
    found, _ = cv2.estimateAffine2D(
        left.points[chosen[:, 0]], right.points[chosen[:, 1]], ransacReprojThreshold=TOLERANCE, maxIters=500
    )
    if found is None:
        return None
    transform = np.asarray(found, np.float32)
    return transform if plausible(transform) else None


def together(left: Features, right: Features, transform: Floats, tolerance: float) -> Pairs:
    """Key points that the transform brings within `tolerance` of one that looks alike, each with its likest."""
    if len(left.points) == 0 or len(right.points) == 0:
        return np.zeros((0, 2), np.int64)
    moved = left.points @ transform[:, :2].T + transform[:, 2]
    distance = np.square(moved[:, :1] - right.points[:, 0]) + np.square(moved[:, 1:] - right.points[:, 1])
    rows, columns = np.nonzero(distance <= tolerance**2)
    ours = mirrored(left.descriptors) if np.linalg.det(transform[:, :2]) < 0 else left.descriptors
    alike = (ours[rows].astype(np.float32) * right.descriptors[columns]).sum(axis=1) / 512**2
    order = np.flatnonzero(alike >= ALIKE)
    order = order[np.argsort(-alike[order], kind="stable")]
    rows, columns = rows[order], columns[order]
    _, once = np.unique(rows, return_index=True)
    once = once[np.unique(columns[once], return_index=True)[1]]
    return np.stack([rows[once], columns[once]], axis=1)


def _matches(cosine: Floats) -> Pairs:
    """Positions [n, 2] of descriptors that are nearest to each other and clearly nearer than the second."""
    if cosine.shape[0] == 0 or cosine.shape[1] < 2:
        return np.zeros((0, 2), np.int64)
    nearest = cosine.argmax(axis=1)
    rows = np.flatnonzero(cosine.argmax(axis=0)[nearest] == np.arange(len(cosine)))
    nearest = nearest[rows]
    first = cosine[rows, nearest]
    cosine[rows, nearest] = -1
    second = cosine[rows].max(axis=1)
    angles = np.arccos(np.clip(np.stack([first, second]) / 512**2, -1, 1))
    good = angles[0] < _RATIO * angles[1]
    return np.stack([rows[good], nearest[good]], axis=1)


def plausible(transform: Floats) -> bool:
    """Whether a copy may be stretched and scaled so much."""
    (a, b), (c, d) = transform[:, :2].tolist()
    mean, half = math.hypot(a + d, c - b) / 2, math.hypot(a - d, c + b) / 2
    large, small = mean + half, abs(mean - half)  # the singular values
    return small > 1 / SCALE and large < SCALE and large < STRETCH * small


def by_frequencies(left: Features, right: Features) -> Floats:
    """The transform ([2, 3]) of the central part and orientation that bring the low frequencies of both together."""
    forth, back = left.oriented @ right.views.T, right.oriented @ left.views.T
    if forth.max() >= back.max():  # left is a part of right
        orientation, view = np.unravel_index(int(forth.argmax()), forth.shape)
        return onto_part(int(orientation), int(view), left.size, right.size)
    orientation, view = np.unravel_index(int(back.argmax()), back.shape)
    part = onto_part(int(orientation), int(view), right.size, left.size)
    return np.asarray(cv2.invertAffineTransform(part), np.float32)


def onto_part(orientation: int, view: int, source: tuple[int, int], target: tuple[int, int]) -> Floats:
    """The transform of a picture, in one of the eight orientations, onto a central part of another."""
    height, width = source
    scale, square = VIEWS[view]
    full = (min(target), min(target)) if square else target
    tall, wide = full[0] * scale, full[1] * scale
    transposed, rows, columns = orientation // 4, orientation // 2 % 2, orientation % 2
    x = np.array([1 / width, 0, 0]), np.array([0, 1 / height, 0])
    across, down = (x[1], x[0]) if transposed else x
    across = np.array([0, 0, 1]) - across if columns else across
    down = np.array([0, 0, 1]) - down if rows else down
    corner = (target[1] - wide) / 2, (target[0] - tall) / 2
    return np.stack([across * wide + [0, 0, corner[0]], down * tall + [0, 0, corner[1]]]).astype(np.float32)
