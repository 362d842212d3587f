"""What a failing disk does to a file."""

from __future__ import annotations

import random
from pathlib import Path

DAMAGES = ("file truncated", "bits flipped", "file emptied", "file zeroed in part")


def damage(path: Path, how: str, chance: random.Random) -> None:
    """Damage one file at a random place."""
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    if how == "file truncated":
        del content[place:]
    elif how == "file emptied":
        content = bytearray()
    elif how == "bits flipped":
        for _ in range(chance.choice([1, 8])):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        end = min(len(content), place + 512)
        content[place:end] = bytes(end - place)
    path.write_bytes(bytes(content))
