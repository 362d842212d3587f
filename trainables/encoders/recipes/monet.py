"""MONET: a CLIP ViT-L/14 on dermatology's literature. Read in the layout of transformers, as it is published."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="monet",
    paper="Kim et al. 2024, Transparent medical image AI via an image-text foundation model (Nature Medicine)",
    obtain="https://huggingface.co/suinleelab/monet (model.safetensors), backbone vit_large_patch14_clip_quickgelu_224",
    licence="MIT",
    pretrained_on="CLIP's images, then 105,550 dermatological images of PubMed articles and textbooks",
    overlap="unknown",
    mean=None,
    std=None,
)
