"""DINOv2, with and without registers: flat; timm's own filter maps the mask token and the names of registers."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="dinov2",
    paper="Oquab et al. 2023, DINOv2: learning robust visual features; registers: Darcet et al. 2024",
    obtain="timm:vit_small_patch14_dinov2.lvd142m, timm:vit_small_patch14_reg4_dinov2.lvd142m, or "
    "dinov2_vits14_pretrain.pth of github.com/facebookresearch/dinov2",
    licence="Apache-2.0",
    pretrained_on="LVD-142M (images of the web, list not published)",
    overlap="unknown",
)
