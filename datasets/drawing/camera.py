"""What a device makes of the skin: hairs, rulers, gel, light, colour cast, vignette, blur and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from datasets.drawing.fields import polar, smooth_noise, stroke


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A device and how it is used. `size` is (height, width) in pixels; probabilities and strengths lie in 0..1."""

    size: tuple[int, int]
    zoom: float  # share of the half height that a lesion of middling size fills
    zoom_spread: float = 0.12
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    cast_spread: float = 0.03
    contrast: float = 1.0
    vignette: float = 0.25  # probability of the dark tube around the view
    uneven: float = 0.04  # strength of uneven light
    hairs: float = 2.5  # expected number
    ruler: float = 0.12  # probability
    gel: float = 0.0  # probability of bubbles
    blur: float = 0.4  # pixels
    noise: float = 0.012


def photograph(camera: Camera, scene: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The photograph (uint8 RGB) of a scene (float RGB 0..1, already in the camera's size)."""
    height, width = camera.size
    picture = scene
    for _ in range(random.poisson(camera.hairs)):
        picture = _blend(picture, _hair(random, height, width), (0.12, 0.08, 0.06), random.uniform(0.5, 0.95))
    if random.random() < camera.gel:
        picture = _bubbles(picture, random)
    if random.random() < camera.ruler:
        picture = _blend(picture, _ruler(random, height, width), (0.05, 0.05, 0.06), 0.85)
    light = 1 + camera.uneven * (_slope(random, height, width) + 0.4 * smooth_noise(random, height, width, height / 2))
    cast = np.asarray(camera.cast, np.float32) * np.exp(random.normal(0, camera.cast_spread, 3)).astype(np.float32)
    exposure = math.exp(random.normal(0, 0.07))
    picture = (picture - 0.5) * np.float32(camera.contrast) + 0.5
    picture = picture * light[..., None] * cast * exposure
    if random.random() < camera.vignette:
        distance, _ = polar(height, width, (width / 2, height / 2), 0)
        reach = np.float32(width / 2 * random.uniform(0.92, 1.15))
        picture = picture * np.clip((reach - distance) / 3 + 0.5, 0.04, 1)[..., None]
    if camera.blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), camera.blur * random.uniform(0.7, 1.5))
    picture = picture + random.standard_normal(picture.shape, dtype=np.float32) * np.float32(camera.noise)
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


def _blend(picture: np.ndarray, mask: np.ndarray, colour: tuple[float, float, float], strength: float) -> np.ndarray:
    share = (mask * np.float32(strength))[..., None]
    return picture * (1 - share) + np.asarray(colour, np.float32) * share


def _hair(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    start = random.uniform(0, 1, 2) * (width, height)
    turn, bend, length = random.uniform(0, 2 * np.pi), random.normal(0, 0.9), height * random.uniform(0.3, 0.9)
    along = np.linspace(0, 1, 9)
    heading = turn + bend * along
    steps = np.stack([np.cos(heading), np.sin(heading)], 1) * (length / 9)
    return stroke(height, width, start + np.cumsum(steps, 0), 1)


def _ruler(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.float32)
    step, offset = height / random.uniform(9, 13), random.uniform(0, 5)
    for tick, x in enumerate(np.arange(offset, width, step)):
        length = height * (0.1 if tick % 5 == 0 else 0.055)
        mask = np.maximum(mask, stroke(height, width, np.asarray([[x, 0], [x, length]]), 1))
    return mask if random.random() < 0.5 else mask[::-1]


def _bubbles(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(2, 6)):
        centre = (int(random.uniform(0, width)), int(random.uniform(0, height)))
        cv2.circle(canvas, centre, int(height * random.uniform(0.03, 0.1)), 255, 1, cv2.LINE_AA)
    return _blend(picture, canvas.astype(np.float32) / 255, (1.0, 1.0, 1.0), 0.6)


def _slope(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    turn = random.uniform(0, 2 * math.pi)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return x * math.cos(turn) + y * math.sin(turn)
