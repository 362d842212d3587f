"""DINO: the released backbone of the teacher, flat. Of a training checkpoint name `key: teacher.backbone`."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="dino",
    paper="Caron et al. 2021, Emerging properties in self-supervised vision transformers",
    obtain="timm:vit_small_patch16_224.dino, or https://dl.fbaipublicfiles.com/dino/dino_deitsmall16_pretrain/dino_deitsmall16_pretrain.pth",
    licence="Apache-2.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    ignored=("fc.*", "head.*"),
)
