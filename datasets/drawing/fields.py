"""Random fields and shapes that the drawings are made of. All arrays are float32, height × width."""

from __future__ import annotations

import cv2
import numpy as np


def smooth_noise(random: np.random.Generator, height: int, width: int, cell: float) -> np.ndarray:
    """Noise with mean 0 and standard deviation about 1, smooth over `cell` pixels."""
    rows, columns = max(2, round(height / cell) + 2), max(2, round(width / cell) + 2)
    coarse = random.normal(0, 1, (rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def polar(height: int, width: int, centre: tuple[float, float], angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance from `centre` (x, y in pixels) in pixels, and direction in radians turned by `angle`."""
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1])
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0])
    return np.hypot(x, y), (np.arctan2(y, x) + np.float32(angle)) % np.float32(2 * np.pi)


def outline(random: np.random.Generator, asymmetry: float, border: float) -> np.ndarray:
    """Radius of a closed outline at 256 directions, mean about 1.

    `asymmetry` (0..1) sets its low harmonics, which make halves differ; `border` (0..1) its high ones, which notch it.
    """
    direction = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    radius = np.ones(256)
    radius += random.uniform(0.02, 0.14) * np.cos(2 * direction + random.uniform(0, 2 * np.pi))
    for order, share in ((1, 0.12), (2, 0.1), (3, 0.2)):
        radius += asymmetry * share * np.cos(order * direction + random.uniform(0, 2 * np.pi))
    for order in range(5, 13):
        radius += border * 0.055 * random.normal() * np.cos(order * direction + random.uniform(0, 2 * np.pi))
    return np.clip(radius, 0.45, 1.7).astype(np.float32)


def at_direction(values: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """`values` (one a direction, closed) read at every pixel's direction, linearly interpolated."""
    position = direction * np.float32(len(values) / (2 * np.pi))
    low = position.astype(np.int32) % len(values)
    share = position - np.floor(position)
    return values[low] * (1 - share) + values[(low + 1) % len(values)] * share


def blob(distance_squared: np.ndarray, radius: float) -> np.ndarray:
    """A soft spot of this radius: 1 in its middle, falling as a Gaussian."""
    return np.asarray(np.exp(distance_squared * (-1 / (radius * radius))))


def stroke(height: int, width: int, points: np.ndarray, thickness: int) -> np.ndarray:
    """An anti-aliased open line through `points` (n × 2, x and y in pixels), 1 on the line and 0 off it."""
    canvas = np.zeros((height, width), np.uint8)
    fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [fixed], False, 255, thickness, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255
