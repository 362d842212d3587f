"""The image tower of a CLIP in timm's names: from OpenAI's layout (open_clip's too) and from that of transformers.

Neither holds its layers by timm's names alone: transformers keeps queries, keys and values apart, and both keep tokens
without timm's axes. What belongs to the tower of texts, and the projection into its space, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

State = Mapping[str, Tensor]

_OPENAI = (
    (r"transformer\.resblocks\.", "blocks."),
    (r"attn\.in_proj_", "attn.qkv."),
    (r"attn\.out_proj", "attn.proj"),
    (r"mlp\.c_fc", "mlp.fc1"),
    (r"mlp\.c_proj", "mlp.fc2"),
    (r"ln_pre", "norm_pre"),
    (r"ln_post", "norm"),
    (r"ln_(\d)", r"norm\1"),
    (r"^conv1", "patch_embed.proj"),
    (r"^class_embedding$", "cls_token"),
    (r"^positional_embedding$", "pos_embed"),
)
_TRANSFORMERS = (
    (r"encoder\.layers\.", "blocks."),
    (r"self_attn\.out_proj", "attn.proj"),
    (r"self_attn\.([qkv])_proj", r"attn.\1"),
    (r"layer_norm(\d)", r"norm\1"),
    (r"^pre_layrnorm", "norm_pre"),  # their spelling
    (r"^post_layernorm", "norm"),
    (r"^embeddings\.patch_embedding", "patch_embed.proj"),
    (r"^embeddings\.class_embedding$", "cls_token"),
    (r"^embeddings\.position_embedding\.weight$", "pos_embed"),
    (r"^embeddings\.position_ids$", ""),  # a count of the positions
)


def as_timm(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A file's content with the image tower of a CLIP in timm's names; any other content as it is."""
    if any(key.endswith("visual.class_embedding") for key in values):
        return _shaped(_renamed(values, r".*?visual\.", _OPENAI, ("proj",)))
    if any(key.endswith("vision_model.pre_layrnorm.weight") for key in values):
        return _shaped(_joined(_renamed(values, r".*?vision_model\.", _TRANSFORMERS, ())))
    return {key: as_timm(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def _renamed(
    values: State, prefix: str, names: tuple[tuple[str, str], ...], head: tuple[str, ...]
) -> dict[str, Tensor]:
    """The keys below `prefix`, but those of the `head`."""
    found = {}
    for key, value in values.items():
        below = re.match(prefix, key)
        if below and (name := key[below.end() :]) not in head:
            for pattern, word in names:
                name = re.sub(pattern, word, name)
            if name:
                found[name] = value
    return found


def _joined(state: State) -> dict[str, Tensor]:
    """Queries, keys and values of a layer in one matrix, in this order."""
    parts = {key for key in state if re.search(r"attn\.[qkv]\.", key)}
    found = {key: value for key, value in state.items() if key not in parts}
    for key in parts:
        if ".attn.q." in key and {key.replace(".q.", f".{part}.") for part in "kv"} <= parts:
            found[key.replace(".q.", ".qkv.")] = torch.cat([state[key.replace(".q.", f".{part}.")] for part in "qkv"])
    return found


def _shaped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tokens and positions with the axes that timm gives them: [1, 1, d] and [1, n, d]."""
    for name, axes in (("cls_token", 3), ("pos_embed", 3)):
        while name in state and state[name].ndim < axes:
            state[name] = state[name].unsqueeze(0)
    return state
