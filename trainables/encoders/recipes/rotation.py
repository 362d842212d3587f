"""Rotation prediction, a classic pretext task. Made with `study pretrain`; no public ResNet-50 is read."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="rotation",
    licence="yours",
    pretrained_on="what it was pre-trained on here",
    overlap="unknown",
    paper="Gidaris et al. 2018, Unsupervised representation learning by predicting image rotations",
    obtain="a checkpoint of `study pretrain SPEC --method rotation`",
)
