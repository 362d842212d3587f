"""Small pictures on disk: thumbnails and Grad-CAM overlays as JPEG, a few kilobytes each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SIDE = 112  # pixels: what one tile of the report shows
QUALITY = 80

Image = npt.NDArray[Any]
"""RGB, uint8, height × width × 3."""


def square(image: Image, side: int) -> Image:
    """The centre square of an RGB image, `side` × `side` pixels (what a model sees without augmentation)."""
    height, width = image.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    cropped = np.ascontiguousarray(image[top : top + edge, left : left + edge])
    method = cv2.INTER_AREA if edge >= side else cv2.INTER_LINEAR
    resized: Image = cv2.resize(cropped, (side, side), interpolation=method)
    return resized


def write_image(directory: Path, name: str, image: Image) -> str:
    """Write an RGB image; returns its file name, which hashes `name` so that any image id makes a safe one."""
    file = f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.jpg"
    bgr = cv2.cvtColor(square(image, SIDE), cv2.COLOR_RGB2BGR)
    done, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"an image is an HxWx3 array of uint8, got {image.shape} of {image.dtype}")
    (directory / file).write_bytes(buffer.tobytes())
    return file
