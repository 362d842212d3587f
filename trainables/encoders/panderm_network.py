"""PanDerm's networks as backbones by name, in timm's registry: BEiT's blocks with absolute positions and a class token.

timm has the blocks (`Beit`) under no name of this form. The released file of the base model holds these tensors and no
others; PanDerm's own code keeps the (sine) positions fixed, here they are trained with the rest.
"""

from __future__ import annotations

from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models.beit import Beit, checkpoint_filter_fn

default_cfgs = generate_default_cfgs(  # the name is timm's: `register_model` looks for it
    {
        name: {
            "input_size": (3, 224, 224),
            "fixed_input_size": True,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
            "license": "cc-by-nc-nd-4.0",
        }
        for name in ("panderm_base_patch16_224", "panderm_large_patch16_224", "tiny_panderm")
    }
)


@register_model
def panderm_base_patch16_224(pretrained: bool = False, **options: Any) -> Beit:
    """PanDerm_Base: 86 million weights."""
    return _network("panderm_base_patch16_224", pretrained, options, embed_dim=768, depth=12, num_heads=12)


@register_model
def panderm_large_patch16_224(pretrained: bool = False, **options: Any) -> Beit:
    """PanDerm as published: 303 million weights."""
    return _network("panderm_large_patch16_224", pretrained, options, embed_dim=1024, depth=24, num_heads=16)


@register_model
def tiny_panderm(pretrained: bool = False, **options: Any) -> Beit:
    """The same, small enough for tests."""
    return _network("tiny_panderm", pretrained, options, embed_dim=64, depth=2, num_heads=4)


def _network(name: str, pretrained: bool, options: dict[str, Any], **size: int) -> Beit:
    arguments = {
        **size,
        "init_values": 0.1,
        "use_abs_pos_emb": True,
        "use_rel_pos_bias": False,
        "global_pool": "token",
        "use_fc_norm": False,
        **options,
    }
    made: Beit = build_model_with_cfg(Beit, name, pretrained, pretrained_filter_fn=checkpoint_filter_fn, **arguments)
    return made
