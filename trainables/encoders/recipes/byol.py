"""BYOL, converted from Haiku by chigur/byol-convert.

Flat, 267 keys: no counters of batches (a torchvision file has them, and is no BYOL). SAME padding in the stem, the
pool and all strided convolutions.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="byol",
    licence="Apache-2.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    paper="Grill et al. 2020, Bootstrap your own latent",
    obtain="https://storage.googleapis.com/deepmind-byol/checkpoints/pretrain_res50x1.pkl, converted with "
    "github.com/chigur/byol-convert",
    ignored=("fc.*",),
    padding="same",
    counters=False,
)
