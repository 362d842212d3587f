"""Backbones whose layers torchvision names otherwise than timm: torchvision's keys in timm's words."""

from __future__ import annotations

import re
from collections.abc import Iterable

# timm's stage and block of torchvision's features.1 … features.17: seven stages of these lengths (Sandler et al. 2018).
_STAGES = (1, 2, 3, 4, 3, 3, 1)
_BLOCKS = [(stage, block) for stage, blocks in enumerate(_STAGES) for block in range(blocks)]
_FIRST = {"0.0": "conv_dw", "0.1": "bn1", "1": "conv_pw", "2": "bn2"}  # the first block does not expand
_OTHERS = {"0.0": "conv_pw", "0.1": "bn1", "1.0": "conv_dw", "1.1": "bn2", "2": "conv_pwl", "3": "bn3"}
_STEM_AND_HEAD = {"0.0": "conv_stem", "0.1": "bn1", "18.0": "conv_head", "18.1": "bn2"}


def as_timm(keys: Iterable[str], backbone: str) -> list[str]:
    """The keys in their order, renamed where `backbone` is a MobileNetV2 and the key is torchvision's."""
    if not backbone.startswith("mobilenetv2_"):
        return list(keys)
    return [_mobilenet_v2(key) for key in keys]


def _mobilenet_v2(key: str) -> str:
    found = re.fullmatch(r"features\.(\d+)\.(?:conv\.)?([\d.]+)\.(\w+)", key)
    if not found:
        return key
    index, layer, kind = int(found[1]), found[2], found[3]
    outer = _STEM_AND_HEAD.get(f"{index}.{layer}")
    if outer and "conv." not in key.partition(".")[2]:
        return f"{outer}.{kind}"
    inner = (_FIRST if index == 1 else _OTHERS).get(layer)
    if inner is None or not 1 <= index <= len(_BLOCKS):
        return key
    stage, block = _BLOCKS[index - 1]
    return f"blocks.{stage}.{block}.{inner}.{kind}"
