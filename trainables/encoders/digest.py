"""What tells one encoder from another."""

from __future__ import annotations

import hashlib

from trainables.encoders.encoder import Encoder


def encoder_digest(encoder: Encoder) -> str:
    """Hex sha256 over an encoder's state: weights, statistics, normalisation and padding."""
    found = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
