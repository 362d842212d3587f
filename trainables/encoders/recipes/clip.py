"""CLIP's image tower, through timm; the projection into the space of texts is its head and is left.

OpenAI trained it with another activation than most vision transformers have: the backbone is the `quickgelu` one.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="clip",
    paper="Radford et al. 2021, Learning transferable visual models from natural language supervision",
    obtain="timm:vit_base_patch16_clip_quickgelu_224.openai",
    licence="MIT",
    pretrained_on="400 million pairs of images and texts of the web, list not published",
    overlap="unknown",
    ignored=("head.*",),
    mean=None,
    std=None,
)
