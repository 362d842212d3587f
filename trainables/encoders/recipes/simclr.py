"""SimCLR (v1), converted from TensorFlow by tonylins/simclr-converter.

`{'state_dict': …}` without a prefix; some copies are the bare dictionary. `fc` is the linear classifier of the
evaluation, its bias meaningless. Pixels are plain 0..1. The original pads its convolutions explicitly, as PyTorch
does, but max-pools with SAME padding.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="simclr",
    licence="Apache-2.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    paper="Chen et al. 2020, A simple framework for contrastive learning of visual representations",
    obtain="the ResNet-50 (1x) of google-research/simclr, converted with github.com/tonylins/simclr-converter",
    containers=("state_dict",),
    ignored=("fc.*",),
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    padding="same_pool",
)
