"""DermLIP: a CLIP ViT-B/16 on Derm1M, in open_clip's layout.

Its variant on PanDerm's network, and PanDerm itself, are other architectures, whose layout could not be confirmed: an
`own` encoder reads them where timm has the backbone.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="dermlip",
    paper="Yan et al. 2025, Derm1M: a million-scale vision-language dataset for dermatology",
    obtain="https://huggingface.co/redlessone/DermLIP_ViT-B-16 (open_clip's file), backbone vit_base_patch16_clip_224",
    licence="CC-BY-NC-4.0",
    pretrained_on="403,563 skin images of videos, articles, forums and public data sets (Derm1M)",
    overlap="unknown",
    mean=None,
    std=None,
)
