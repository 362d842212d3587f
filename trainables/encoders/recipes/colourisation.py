"""Colourisation, a classic pretext task. Made with `study pretrain`; no public ResNet-50 is read."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="colourisation",
    licence="yours",
    pretrained_on="what it was pre-trained on here",
    overlap="unknown",
    paper="Zhang et al. 2016, Colorful image colorization",
    obtain="a checkpoint of `study pretrain SPEC --method colourisation`",
)
