"""DINOv3, through timm: its own licence asks for consent before the download."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="dinov3",
    paper="Siméoni et al. 2025, DINOv3",
    obtain="timm:vit_small_patch16_dinov3.lvd1689m, timm:convnext_tiny.dinov3_lvd1689m",
    licence="DINOv3 License",
    pretrained_on="LVD-1689M (images of the web, list not published)",
    overlap="unknown",
    mean=None,
    std=None,
)
