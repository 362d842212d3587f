"""Your own weights, in any of the usual wrappings: the prefix is found by looking for the backbone's keys.

Normalisation: that of the file's metadata, else of timm's weights for the backbone (give the backbone with its tag,
such as `vit_small_patch16_224.dino`, where families differ). `label` in the spec names the method.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="own",
    licence="yours",
    pretrained_on="yours",
    overlap="unknown",
    paper="yours",
    obtain="a path or URI of your checkpoint (safetensors, or a PyTorch file of plain tensors), or timm:NAME",
    containers=("state_dict", "model", "model_state_dict", "teacher"),
    prefix=None,
    mean=None,
    std=None,
)
