"""I-JEPA's target encoder, through timm."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="ijepa",
    paper="Assran et al. 2023, Self-supervised learning from images with a joint-embedding predictive architecture",
    obtain="timm:vit_huge_patch14_gap_224.in1k_ijepa",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k (in22k: ImageNet-21k)",
    overlap="no",
    mean=None,
    std=None,
)
