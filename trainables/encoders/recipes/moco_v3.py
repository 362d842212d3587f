"""MoCo v3: a training checkpoint. The base encoder is wanted; momentum encoder, predictor and head are not."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="moco_v3",
    paper="Chen, Xie and He 2021, An empirical study of training self-supervised vision transformers",
    obtain="https://dl.fbaipublicfiles.com/moco-v3/vit-s-300ep/vit-s-300ep.pth.tar, or r-50-1000ep of the same project",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    containers=("state_dict",),
    prefix="module.base_encoder.",
    ignored=(
        "module.base_encoder.head.*",
        "module.base_encoder.fc.*",
        "module.momentum_encoder.*",
        "module.predictor.*",
    ),
)
