"""Our own weight files: safetensors with what the weights need to be used, and where they come from, as metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import torch as safetensors

from datasets.base.atomic_files import written_whole
from trainables.encoders.encoder import Channels, Encoder, channels
from trainables.encoders.errors import EncoderError
from trainables.encoders.padding import Padding, padding

ENTRY = "skin-lesion-study"  # the metadata entry: one JSON object


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the metadata of one of our files says. `provenance`: data digest, configuration, versions."""

    encoder: str
    backbone: str
    mean: Channels
    std: Channels
    padding: Padding
    provenance: Mapping[str, Any]


def save(path: Path, encoder: Encoder, *, name: str, backbone: str, provenance: Mapping[str, Any], half: bool) -> None:
    """Write the weights of encoder `name` atomically; `half`: as float16, for files that ship with the code."""
    tensors = {key: _small(value, half) for key, value in encoder.backbone.state_dict().items()}
    facts = {
        "encoder": name,
        "backbone": backbone,
        "mean": encoder.mean,
        "std": encoder.std,
        "padding": encoder.padding,
        "provenance": dict(provenance),
    }
    with written_whole(path) as file:
        file.write(safetensors.save(tensors, metadata={ENTRY: json.dumps(facts, sort_keys=True)}))


def facts(metadata: Mapping[str, str], where: str) -> Facts | None:
    """The facts in a safetensors file's metadata; None when the file is not one of ours.

    Raises `EncoderError` when they are damaged.
    """
    if ENTRY not in metadata:
        return None
    try:
        raw = json.loads(metadata[ENTRY])
        return Facts(
            encoder=str(raw["encoder"]),
            backbone=str(raw["backbone"]),
            mean=channels(raw["mean"]),
            std=channels(raw["std"]),
            padding=padding(str(raw["padding"])),
            provenance=dict(raw["provenance"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderError(
            "The metadata of a weight file name its encoder, backbone, mean, std, padding and provenance, but those of "
            f"{where} cannot be read ({error!r}). Make the file anew with `study pretrain`."
        ) from error


def _small(value: torch.Tensor, half: bool) -> torch.Tensor:
    value = value.detach().cpu().contiguous()
    return value.half() if half and value.is_floating_point() else value
