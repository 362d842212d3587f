"""Where the small encoders that ship with the code lie; found without loading torch."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent / "encoders" / "weights"


def shipped(encoder: str, backbone: str) -> Path:
    """The file of a small encoder that bears this name, whether it is there or not."""
    return SHIPPED / backbone.partition(".")[0] / f"{encoder}.safetensors"
