"""SwAV, 800 epochs. Keys `module.*`; training checkpoints nest them under `state_dict`. Its std begins with .228."""

from __future__ import annotations

from trainables.encoders.recipe import IMAGENET_MEAN, Recipe

RECIPE = Recipe(
    name="swav",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    paper="Caron et al. 2020, Unsupervised learning of visual features by contrasting cluster assignments",
    obtain="https://dl.fbaipublicfiles.com/deepcluster/swav_800ep_pretrain.pth.tar",
    containers=("state_dict",),
    prefix="module.",
    ignored=("module.projection_head.*", "module.prototypes.*"),
    mean=IMAGENET_MEAN,
    std=(0.228, 0.224, 0.225),
)
