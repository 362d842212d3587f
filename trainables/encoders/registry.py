"""The encoders by name. A new one is a file in `recipes/` with a `RECIPE`, and one line here."""

from __future__ import annotations

from datasets.base.registry import Registry
from trainables.encoders.errors import EncoderError
from trainables.encoders.recipe import Recipe

ENCODERS: Registry[Recipe] = Registry(
    "encoders",
    EncoderError,
    {
        name: f"trainables.encoders.recipes.{name}:RECIPE"
        for name in (
            "supervised",
            "simclr",
            "swav",
            "byol",
            "moco_v2",
            "infomin",
            "dino",
            "dinov2",
            "dinov3",
            "mae",
            "moco_v3",
            "barlow_twins",
            "vicreg",
            "clip",
            "siglip2",
            "monet",
            "dermlip",
            "panderm",
            "ijepa",
            "rotation",
            "colourisation",
            "own",
            "random",
        )
    },
)


def names() -> list[str]:
    """Names of all encoders, the baseline first."""
    return ENCODERS.names()


def recipe(name: str) -> Recipe:
    """What is known about this encoder. Raises `EncoderError` for an unknown name."""
    if name not in ENCODERS:
        raise EncoderError(
            f"An encoder is one of {', '.join(ENCODERS)}, got {name!r}. Correct the name, or use `own` with `weights:` "
            "and a `label:` for weights of yours."
        )
    return ENCODERS.get(name)
