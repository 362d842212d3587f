"""A picture by its id."""

from __future__ import annotations

import re

import numpy as np

from datasets.base.errors import DataError
from datasets.drawing.sets import COLLECTIONS

_ID = re.compile(r"[A-Z]+_P(\d+)_L(\d)_V(\d)")


def draw(source: str, image_id: str) -> np.ndarray:
    """The picture of this id: uint8 RGB, height × width × 3. The same on every machine up to rounding."""
    match = _ID.fullmatch(image_id)
    if match is None or source not in COLLECTIONS:
        raise DataError(f"{source} draws ids of its own manifest, got {image_id!r}. Take the ids from the manifest.")
    patient, lesion, view = (int(group) for group in match.groups())
    return COLLECTIONS[source].draw(patient, lesion, view)
