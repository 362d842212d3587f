"""What every augmentation policy must pass."""

from __future__ import annotations

from trainables.augmentation.policies import policy


def check_augmentation(name: str) -> None:
    """Its ranges are ranges, and its probabilities lie between 0 and 1."""
    chosen = policy(name)
    assert 0 < chosen.scale[0] <= chosen.scale[1] <= 1
    assert 0 < chosen.ratio[0] <= chosen.ratio[1]
    assert all(0 <= value <= 1 for value in (chosen.jitter, chosen.grey, chosen.blur))
    assert all(value >= 0 for value in (chosen.rotation, chosen.hue, chosen.brightness, chosen.contrast))
