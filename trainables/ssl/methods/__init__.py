"""The methods by name. A new one is a module with a `Method` and one line here."""

from __future__ import annotations

from datasets.base.registry import Registry
from trainables.encoders import Encoder
from trainables.job import TrainingError
from trainables.ssl.method import Method
from trainables.ssl.recipes import Recipe

SSL_METHODS: Registry[type[Method]] = Registry(
    "ssl_methods",
    TrainingError,
    {
        "supervised": "trainables.ssl.methods.supervised:Supervised",
        "simclr": "trainables.ssl.methods.simclr:SimCLR",
        "supcon": "trainables.ssl.methods.simclr:SupervisedContrastive",
        "swav": "trainables.ssl.methods.swav:SwAV",
        "byol": "trainables.ssl.methods.byol:BYOL",
        "moco_v2": "trainables.ssl.methods.moco:MoCo",
        "infomin": "trainables.ssl.methods.moco:MoCo",
        "dino": "trainables.ssl.methods.dino:DINO",
        "mae": "trainables.ssl.methods.mae:MAE",
        "barlow_twins": "trainables.ssl.methods.barlow_twins:BarlowTwins",
        "vicreg": "trainables.ssl.methods.barlow_twins:VICReg",
        "rotation": "trainables.ssl.methods.rotation:Rotation",
        "colourisation": "trainables.ssl.methods.colourisation:Colourisation",
    },
)


def make(encoder: Encoder, recipe: Recipe, classes: int = 0) -> Method:
    """The method of a recipe around an encoder; `classes` is for methods that read labels.

    Raises `TrainingError` for an unknown method, or for a labelled one without classes.
    """
    if recipe.method not in SSL_METHODS:
        raise TrainingError(f"A pre-training method is one of {sorted(SSL_METHODS)}, got {recipe.method!r}.")
    kind = SSL_METHODS.get(recipe.method)
    if kind.labelled and classes < 2:
        raise TrainingError(
            f"Method {recipe.method!r} reads labels and needs images of two classes or more, got {classes} classes. "
            "Pre-train on labelled images or with another method."
        )
    return kind(encoder, recipe, classes)
