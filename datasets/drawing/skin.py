"""A lesion on skin, as it is: before any camera. Arrays are float32 RGB, height × width × 3, on the scale 0 to 1."""

from __future__ import annotations

import math

import numpy as np

from datasets.base.seeds import rng
from datasets.drawing.fields import at_direction, blob, outline, polar, smooth_noise
from datasets.drawing.lesions import Lesion

SKIN = {
    "I": (0.93, 0.76, 0.70),
    "II": (0.88, 0.68, 0.59),
    "III": (0.80, 0.60, 0.48),
    "IV": (0.68, 0.48, 0.36),
    "V": (0.52, 0.35, 0.26),
    "VI": (0.38, 0.25, 0.19),
}
PIGMENT = {  # share of the skin's light that the lesion leaves, by channel
    "nevus": (0.62, 0.48, 0.40),
    "melanoma": (0.60, 0.46, 0.40),
    "seborrheic keratosis": (0.66, 0.56, 0.44),
    "dermatofibroma": (0.78, 0.60, 0.52),
    "actinic keratosis": (0.96, 0.74, 0.66),
    "basal cell carcinoma": (0.98, 0.82, 0.80),
}
SPOTS = (  # the colours that variegate: black, dark brown, blue-grey, red, white (regression)
    (0.10, 0.08, 0.08),
    (0.26, 0.15, 0.10),
    (0.36, 0.40, 0.50),
    (0.66, 0.24, 0.22),
    (0.93, 0.86, 0.83),
)


def draw_skin(
    name: tuple[object, ...],
    lesion: Lesion,
    tone: str,
    *,
    shape: tuple[int, int],
    zoom: float,
    angle: float,
    centre: tuple[float, float],
) -> np.ndarray:
    """The lesion as its name's seed decides, seen at `zoom` (share of the view's half height that a lesion of middling
    size fills), turned by `angle` radians about `centre` (pixels)."""
    height, width = shape
    random = rng("drawn", *name)
    distance, direction = polar(height, width, centre, angle)
    radius = height / 2 * zoom * (0.72 + 0.62 * lesion.diameter) * math.exp(random.normal(0, 0.1))
    edge = at_direction(outline(random, lesion.asymmetry, lesion.border), direction) * np.float32(radius)
    softness = radius * random.uniform(0.1, 0.3)
    inside = np.clip((edge - distance) / np.float32(softness) + 0.5, 0, 1)[..., None]
    skin = np.asarray(SKIN[tone], np.float32) * (
        1
        + 0.035 * smooth_noise(random, height, width, height / 3)[..., None]
        + 0.02 * smooth_noise(random, height, width, 3)[..., None]
    )
    x, y = distance * np.cos(direction) / np.float32(radius), distance * np.sin(direction) / np.float32(radius)
    body = skin * np.asarray(PIGMENT[lesion.diagnosis], np.float32) * random.uniform(0.82, 1.18)
    body = body * _texture(random, lesion, x, y)
    body = _variegate(random, lesion, body, x, y)
    return np.asarray(skin * (1 - inside) + body * inside)


def _texture(random: np.random.Generator, lesion: Lesion, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Light left by structures: pigment network, an eccentric dark pole, and what marks single diagnoses."""
    frequency, turn = random.uniform(9, 14), random.uniform(0, np.pi)
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    warp = random.uniform(1, 3)
    light = 1 - 0.09 * (1 + np.sin(frequency * u + warp * np.sin(3 * v)) * np.sin(frequency * v + warp * np.sin(2 * u)))
    pole = random.uniform(0, 2 * np.pi)
    light = light * (1 - 0.34 * lesion.asymmetry * np.tanh(1.2 * (x * math.cos(pole) + y * math.sin(pole))))
    if lesion.diagnosis == "seborrheic keratosis":
        for _ in range(7):  # milia-like cysts
            light = light + 0.4 * blob(_around(random, x, y, 0.8), random.uniform(0.06, 0.12))
    elif lesion.diagnosis == "dermatofibroma":  # the scar-like centre
        light = light + 0.45 * blob(x * x + y * y, random.uniform(0.3, 0.5))
    elif lesion.diagnosis == "actinic keratosis":  # scale
        light = light + 0.2 * np.maximum(smooth_noise(random, x.shape[0], x.shape[1], 4), 0)
    elif lesion.diagnosis == "basal cell carcinoma":  # the pearly rim
        light = light + 0.25 * blob(np.square(np.hypot(x, y) - 0.85), 0.15)
    return np.asarray(light)[..., None]


def _variegate(
    random: np.random.Generator, lesion: Lesion, body: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Spots of other colours: the stronger the colour sign, the more of them and the denser."""
    for colour in random.permutation(np.asarray(SPOTS, np.float32))[: 1 + round(3.6 * lesion.colour)]:
        strength = min(max(random.normal(0.15 + 0.75 * lesion.colour, 0.12), 0.0), 0.95)
        spot = strength * blob(_around(random, x, y, 0.75), random.uniform(0.22, 0.5))[..., None]
        body = body * (1 - spot) + colour * spot
    return body


def _around(random: np.random.Generator, x: np.ndarray, y: np.ndarray, reach: float) -> np.ndarray:
    """Squared distance of every pixel from a random place at most `reach` lesion radii off its middle."""
    turn, away = random.uniform(0, 2 * math.pi), reach * math.sqrt(random.random())
    return np.asarray(np.square(x - away * math.cos(turn)) + np.square(y - away * math.sin(turn)))
