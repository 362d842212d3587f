"""VICReg: the released ResNet-50, flat, without a classifier."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="vicreg",
    paper="Bardes, Ponce and LeCun 2022, VICReg: variance-invariance-covariance regularization",
    obtain="https://dl.fbaipublicfiles.com/vicreg/resnet50.pth",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    ignored=("fc.*",),
)
