"""The encoders by name. A new one is a module with a `RECIPE`, and one line here."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from trainables.encoders.errors import EncoderError
from trainables.encoders.recipe import Recipe

_MODULES = (
    "supervised",
    "simclr",
    "swav",
    "byol",
    "moco_v2",
    "infomin",
    "rotation",
    "colourisation",
    "own",
    "random",
)


def names() -> list[str]:
    """Names of all encoders, the baseline first."""
    return list(_MODULES)


def recipe(name: str) -> Recipe:
    """What is known about this encoder. Raises `EncoderError` for an unknown name."""
    if name not in _MODULES:
        raise EncoderError(
            f"An encoder is one of {', '.join(_MODULES)}, got {name!r}. Correct the name, or use `own` with `weights:` "
            "and a `label:` for weights of yours."
        )
    found: Recipe = module(name).RECIPE
    return found


def module(name: str) -> ModuleType:
    """The file of a registered encoder; its docstring tells how its weights differ."""
    return import_module(f"trainables.encoders.recipes.{name}")
