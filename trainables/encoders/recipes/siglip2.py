"""SigLIP 2's image tower, through timm; its attention pooling belongs to the encoder."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="siglip2",
    paper="Tschannen et al. 2025, SigLIP 2: multilingual vision-language encoders",
    obtain="timm:vit_base_patch16_siglip_224.v2_webli",
    licence="Apache-2.0",
    pretrained_on="WebLI (images of the web, list not published)",
    overlap="unknown",
    mean=None,
    std=None,
)
