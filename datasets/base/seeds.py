"""Seeds derived by hashing the names of the parts, so that no seed depends on the order in which things run."""

from __future__ import annotations

import hashlib

import numpy as np


def seed(*parts: object) -> int:
    """A 63-bit seed from the names of what it is for, e.g. `seed("demo", "split", 3)`."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rng(*parts: object) -> np.random.Generator:
    """A NumPy generator for what the parts name."""
    return np.random.default_rng(seed(*parts))
