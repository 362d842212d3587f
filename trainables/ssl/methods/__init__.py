"""The methods by name. A new one is a module with a `Method` and one line here."""

from __future__ import annotations

from importlib import import_module

from trainables.encoders import Encoder
from trainables.job import TrainingError
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe

METHODS = {
    "supervised": "supervised:Supervised",
    "simclr": "simclr:SimCLR",
    "supcon": "simclr:SupervisedContrastive",
    "swav": "swav:SwAV",
    "byol": "byol:BYOL",
    "moco_v2": "moco:MoCo",
    "infomin": "moco:MoCo",
    "rotation": "rotation:Rotation",
    "colourisation": "colourisation:Colourisation",
}


def make(encoder: Encoder, recipe: Recipe, classes: int = 0) -> Method:
    """The method of a recipe around an encoder; `classes` is for methods that read labels.

    Raises `TrainingError` for an unknown method, or for a labelled one without classes.
    """
    if recipe.method not in METHODS:
        raise TrainingError(f"A pre-training method is one of {sorted(METHODS)}, got {recipe.method!r}.")
    module, _, name = METHODS[recipe.method].partition(":")
    kind: type[Method] = getattr(import_module(f"trainables.ssl.methods.{module}"), name)
    if kind.labelled and classes < 2:
        raise TrainingError(
            f"Method {recipe.method!r} reads labels and needs images of two classes or more, got {classes} classes. "
            "Pre-train on labelled images or with another method."
        )
    return kind(encoder, recipe, classes)
