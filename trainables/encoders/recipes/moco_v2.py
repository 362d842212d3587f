"""MoCo v2, 800 epochs: a training checkpoint. The query encoder is wanted; key encoder, queue and MLP head are not."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="moco_v2",
    licence="CC-BY-NC-4.0",
    pretrained_on="ImageNet-1k",
    overlap="no",
    paper="Chen et al. 2020, Improved baselines with momentum contrastive learning",
    obtain="https://dl.fbaipublicfiles.com/moco/moco_checkpoints/moco_v2_800ep/moco_v2_800ep_pretrain.pth.tar",
    containers=("state_dict",),
    prefix="module.encoder_q.",
    ignored=("module.encoder_q.fc.*", "module.encoder_k.*", "module.queue*"),
)
