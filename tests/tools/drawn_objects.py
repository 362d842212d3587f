"""Drawn objects with labels: what the tiny supervised encoder learns, as the public one learns ImageNet.

No skin, no lesion and no diagnosis in them: a supervised encoder that had seen the study's own task, or the signs that
its images are drawn from, would not stand for supervised pre-training but would cheat. A class is a hue, a shape and a
fill: with shapes and fills alone, and any colours, the features learn to ignore colour, which photographs of things do
not teach and skin lesions punish.
"""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.base.seeds import rng
from trainables.ssl.image_pool import Pool

HUES = ("warm", "green", "blue", "purple")  # the quarters of the circle, from red on
SHAPES = ("disc", "ellipse", "triangle", "square", "star", "ring")
FILLS = ("plain", "stripes", "spots")
CLASSES = tuple(f"{hue} {fill} {shape}" for hue in HUES for shape in SHAPES for fill in FILLS)
VERSION = 2  # raised when the drawing changes

Image = NDArray[np.uint8]


def objects(count: int, side: int) -> Pool:
    """`count` pictures of `side` pixels, one object each, the classes equally frequent and in turn."""
    images = [draw(index, side) for index in range(count)]
    return Pool(
        images=images,
        rows=np.arange(count, dtype=np.int64),
        labels=np.arange(count, dtype=np.int64) % len(CLASSES),
        lesions=("",) * count,
        digest=f"drawn-objects-{VERSION}-{count}-{side}",
        classes=CLASSES,
    )


def draw(index: int, side: int) -> Image:
    """Object number `index`, of class `index % 72`: uint8 RGB [side, side, 3].

    Its body has the hue of the class; ground and marks have any colours; place, size and turn are any, too.
    """
    random = rng("objects", index)
    hue, rest = divmod(index % len(CLASSES), len(SHAPES) * len(FILLS))
    shape, fill = divmod(rest, len(FILLS))
    ground, body, mark = random.uniform(20, 235, 3), _colour(hue, random), random.uniform(20, 235, 3)
    centre, radius = random.uniform(0.38, 0.62, 2) * side, random.uniform(0.2, 0.38) * side
    mask = _mask(SHAPES[shape], side, centre, radius, random.uniform(0, 2 * np.pi))[..., None]
    marks = _marks(FILLS[fill], side, random)[..., None]
    noise = cv2.GaussianBlur(random.normal(0, 1, (side, side, 3)), (0, 0), side / 10) * side / 3
    picture = ground * (1 - mask) + (body * (1 - marks) + mark * marks) * mask + noise
    picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.2)) + random.normal(0, 4, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _colour(hue: int, random: np.random.Generator) -> NDArray[np.float64]:
    """RGB, 0 to 235, well inside its quarter of the circle: neighbours stay apart under a little jitter and noise."""
    turn = (hue + random.uniform(0.1, 0.9)) / len(HUES)
    return 235 * np.array(colorsys.hsv_to_rgb(turn, random.uniform(0.4, 1), random.uniform(0.35, 0.95)))


def _mask(shape: str, side: int, centre: NDArray[np.float64], radius: float, turn: float) -> NDArray[np.float64]:
    canvas = np.zeros((side, side), np.uint8)
    if shape in ("disc", "ring", "ellipse"):
        axes = (round(radius), round(radius * (0.5 if shape == "ellipse" else 1.0)))
        thickness = max(2, round(0.35 * radius)) if shape == "ring" else -1
        place = (round(centre[0]), round(centre[1]))
        cv2.ellipse(canvas, place, axes, np.degrees(turn), 0, 360, 255, thickness, cv2.LINE_AA)
    else:
        corners = {"triangle": 3, "square": 4, "star": 10}[shape]
        angles = turn + 2 * np.pi * np.arange(corners) / corners
        reach = radius * (np.where(np.arange(corners) % 2, 0.45, 1.0) if shape == "star" else np.ones(corners))
        points = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]
        cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(canvas / 255.0)


def _marks(fill: str, side: int, random: np.random.Generator) -> NDArray[np.float64]:
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    turn, waves = random.uniform(0, np.pi), random.uniform(6, 12)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    if fill == "stripes":
        return np.asarray(np.sin(waves * u) > 0, dtype=np.float64)
    if fill == "spots":
        return np.asarray(np.sin(waves * u) * np.sin(waves * v) > 0.3, dtype=np.float64)
    return np.zeros((side, side))
