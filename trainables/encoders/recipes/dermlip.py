"""DermLIP: a CLIP ViT-B/16 on Derm1M, in open_clip's layout.

Its variant on PanDerm's network has other names, which could not be confirmed: an `own` encoder with `key:` may read it
on `panderm_base_patch16_224`. So may PanDerm-2's (DermFM-Zero), a tower in open_clip's layout.
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
