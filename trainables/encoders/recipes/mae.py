"""MAE: the encoder under `model`; a training checkpoint also holds the decoder, which is left."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="mae",
    paper="He et al. 2022, Masked autoencoders are scalable vision learners",
    obtain="timm:vit_base_patch16_224.mae, or https://dl.fbaipublicfiles.com/mae/pretrain/mae_pretrain_vit_base.pth",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    containers=("model",),
    ignored=("decoder_*", "mask_token"),
)
