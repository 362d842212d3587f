"""Barlow Twins: the released ResNet-50, flat, without a classifier."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="barlow_twins",
    paper="Zbontar et al. 2021, Barlow Twins: self-supervised learning via redundancy reduction",
    obtain="https://dl.fbaipublicfiles.com/barlowtwins/ep1000_bs2048_lrw0.2_lrb0.0048_lambd0.0051/resnet50.pth",
    licence="MIT",
    pretrained_on="ImageNet-1k",
    overlap="no",
    ignored=("fc.*",),
)
