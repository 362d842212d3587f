"""Supervised pre-training on ImageNet: the baseline of every comparison.

torchvision's files are flat, with `fc.weight` (1000, 2048); timm's come through `timm:NAME`. Both put the stride of a
bottleneck on its 3 × 3 convolution. torchvision names its files after the first digits of their sha256.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="supervised",
    licence="BSD-3-Clause (torchvision), Apache-2.0 (timm)",
    pretrained_on="ImageNet-1k, or what the tag of timm's name says",
    overlap="no",
    paper="He et al. 2016, Deep residual learning for image recognition",
    obtain="timm:resnet50.tv_in1k, or https://download.pytorch.org/models/resnet50-0676ba61.pth (IMAGENET1K_V1)",
    ignored=("fc.*", "classifier.*", "head.*"),
    mean=None,
    std=None,
    digests={
        "resnet50-0676ba61.pth": "0676ba61",
        "resnet50-11ad3fa6.pth": "11ad3fa6",
        "mobilenet_v2-b0353104.pth": "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    },
)
