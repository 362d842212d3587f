"""What a picture is recognised by when it was cropped, mirrored, turned, squeezed, re-lit or coded anew."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SHORT_SIDE = 120
"""Pixels: pictures are compared at this short side; smaller ones as they are."""
KEYPOINTS = 120
DARK, _NEAR = 40, 11
"""Grey value of a rim, and width in pixels of what its edge spoils."""
_THUMBNAIL, _FREQUENCIES = 32, 8
VIEWS = tuple((scale, square) for square in (False, True) for scale in (1.0, 0.85, 0.7, 0.57))
"""Central parts (share of height and width, whether of the centre square) that another picture may be a copy of."""
_BASIS = np.stack(
    [np.cos(np.pi * k * (2 * np.arange(_THUMBNAIL) + 1) / (2 * _THUMBNAIL)) for k in range(_FREQUENCIES)]
).astype(np.float32)
_ROW, _COLUMN = (each.ravel()[1:] for each in np.indices((_FREQUENCIES, _FREQUENCIES)))  # all but the mean
_WEIGHT = ((_ROW**2 + _COLUMN**2) ** 0.35).astype(np.float32)
"""Photographs have less of the higher frequencies; the weight gives each about the same say."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """Of one picture.

    `picture`: grey, at the working size. `descriptors` ([k, 128], uint8, square roots of SIFT's: Arandjelović &
    Zisserman 2012) and `points` ([k, 2], float32 pixels of `picture`) of up to `KEYPOINTS` key points; `views`
    ([views, 63], unit vectors): low frequencies of the discrete cosine transform of each of `VIEWS`; `oriented`
    ([8, 63]): those of the whole in its eight orientations. About 40 kB.
    """

    picture: NDArray[np.uint8]
    descriptors: NDArray[np.uint8]
    points: Floats
    views: Floats
    oriented: Floats

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of `picture`."""
        return self.picture.shape[0], self.picture.shape[1]


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (RGB, uint8) in grey at the working size."""
    small = pixels
    scale = SHORT_SIDE / min(pixels.shape[:2])
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY))


def features(picture: NDArray[np.uint8]) -> Features:
    """The features of a grey picture."""
    # One detector a call: they keep state, and threads share the module.
    sift = cv2.SIFT.create(nfeatures=KEYPOINTS, contrastThreshold=0.01, edgeThreshold=12)
    points, found = sift.detectAndCompute(picture, np.where(inner(picture), np.uint8(255), np.uint8(0)))
    descriptors = np.zeros((0, 128), np.uint8)
    if found is not None:
        total = found.sum(axis=1, keepdims=True)
        descriptors = np.clip(np.rint(512 * np.sqrt(found / np.maximum(total, 1))), 0, 255).astype(np.uint8)
    views = [_frequencies(central(picture, *view)) for view in VIEWS]
    return Features(
        picture=picture,
        descriptors=descriptors[:KEYPOINTS],
        points=np.array([point.pt for point in points[:KEYPOINTS]], np.float32).reshape(-1, 2),
        views=np.stack([_unit(view) for view in views]),
        oriented=np.stack([_unit(one) for one in _orientations(views[0])]),
    )


def inner(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the picture is not near a dark rim: black borders and a dermatoscope's circle are the same in many."""
    height, width = picture.shape[:2]
    dark = (picture < DARK).astype(np.uint8)
    _, component = cv2.connectedComponents(dark, connectivity=4)
    edge = np.concatenate([component[0], component[-1], component[:, 0], component[:, -1]])
    rim = np.isin(component, np.unique(edge[edge > 0])).astype(np.uint8)
    if rim.mean() > 0.7 or not rim.any():
        return np.ones((height, width), bool)
    return np.asarray(cv2.dilate(rim, np.ones((_NEAR, _NEAR), np.uint8)) == 0)


def mirrored(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The descriptors that the mirrored picture has at the same key points: bins of 4 × 4 cells, 8 directions."""
    cells = descriptors.reshape(-1, 4, 4, 8)
    return np.ascontiguousarray(cells[:, ::-1][..., -np.arange(8) % 8].reshape(-1, 128))


def central(picture: NDArray[np.uint8], scale: float, square: bool) -> NDArray[np.uint8]:
    """The central part of a picture with this share of its height and width, or of its centre square's."""
    height, width = picture.shape[:2]
    tall, wide = (min(height, width),) * 2 if square else (height, width)
    top, left = round((height - tall * scale) / 2), round((width - wide * scale) / 2)
    return picture[top : height - top, left : width - left]


def _frequencies(picture: NDArray[np.uint8]) -> Floats:
    thumbnail = cv2.resize(picture, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(_BASIS @ thumbnail @ _BASIS.T)


def _unit(frequencies: Floats) -> Floats:
    vector = frequencies.ravel()[1:] * _WEIGHT
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-6))


def _orientations(frequencies: Floats) -> list[Floats]:
    """Mirrors and quarter turns: a mirrored axis changes the sign of odd frequencies, a diagonal one transposes."""
    signs = (-1.0) ** np.arange(_FREQUENCIES, dtype=np.float32)
    return [
        each * rows[:, None] * columns[None]
        for each in (frequencies, frequencies.T)
        for rows in (np.ones_like(signs), signs)
        for columns in (np.ones_like(signs), signs)
    ]
