"""Whether found weights are the backbone's, all of them and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainables.encoders import encoder
from trainables.encoders.errors import EncoderError, listing
from trainables.encoders.loading.by_order import COUNTER
from trainables.encoders.loading.checkpoint_layout import Found
from trainables.encoders.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A complete state of the backbone, and which keys of it the file did not hold (only counters may lack)."""

    state: Mapping[str, Tensor]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


def fit(model: nn.Module, found: Found, recipe: Recipe, backbone: str, where: str) -> Fitted:
    """The state that `model` will have. Raises `EncoderError`, with the keys, for weights that do not fit exactly."""
    wanted = model.state_dict()
    heads = encoder.classifier_prefixes(backbone)
    ignored = [key for key in found.tensors if key not in wanted and key.startswith(heads)]
    given = {key: value for key, value in found.tensors.items() if key not in ignored}
    given = _resized(model, given, backbone)
    missing = [key for key in wanted if key not in given]
    extra = [key for key in given if key not in wanted]
    shapes = [
        f"{key} {tuple(given[key].shape)} instead of {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in given and given[key].shape != value.shape
    ]
    essential = [key for key in missing if not key.endswith(COUNTER)]
    _check_architecture(shapes, essential, extra, f"{where} ({found.place})", backbone)
    counters = [key for key in given if key.endswith(COUNTER)]
    if counters and not recipe.counters:
        raise EncoderError(
            f"The public weights of {recipe.name} have no counters of batches, but {where} has: {listing(counters)}. "
            f"It is another encoder's file under {recipe.name}'s name. Correct one of the two."
        )
    _check_values(given, where)
    state = {key: _like(given.get(key), value) for key, value in wanted.items()}
    return Fitted(state=state, missing=tuple(missing), ignored=(*found.ignored, *ignored))


def _check_architecture(shapes: list[str], missing: list[str], extra: list[str], where: str, backbone: str) -> None:
    if shapes or (missing and extra):
        parts = {"other shapes": shapes, "missing": missing, "unknown": extra}
        details = "; ".join(f"{what}: {listing(keys)}" for what, keys in parts.items() if keys)
        raise EncoderError(
            f"Weights are of the study's backbone {backbone}, but those of {where} are of another architecture: "
            f"{details}. Correct `backbone` or `weights`."
        )
    if missing:
        raise EncoderError(
            f"Weights fill the whole backbone {backbone}, but {where} lacks {listing(missing)}. The file is partial: "
            "get a complete one."
        )
    if extra:
        raise EncoderError(
            f"All of the encoder's keys are used, but {backbone} has no {listing(extra)} of {where}: the file is of a "
            "larger architecture, or another one. Correct `backbone` or `weights`."
        )


def _check_values(given: Mapping[str, Tensor], where: str) -> None:
    kinds = {str(value.dtype) for key, value in given.items() if not value.is_floating_point() and not _counts(key)}
    if kinds:
        raise EncoderError(f"Weights are floating-point numbers, but {where} holds {sorted(kinds)}: quantised?")
    bad = [key for key, value in given.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if bad:
        raise EncoderError(
            f"Weights are finite numbers, but {where} holds NaN or infinity in {listing(bad)}. Get another file."
        )


def _counts(key: str) -> bool:
    return key.endswith((COUNTER, "relative_position_index"))


def _like(given: Tensor | None, wanted: Tensor) -> Tensor:
    """In the backbone's own type; a counter that the file lacks begins at zero."""
    return torch.zeros_like(wanted) if given is None else given.to(wanted.dtype)


def _resized(model: nn.Module, given: dict[str, Tensor], backbone: str) -> dict[str, Tensor]:
    """Position embeddings interpolated to this input size, by timm's own filter for models of a fixed size."""
    convert = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if convert is None or not encoder.is_fixed_size(backbone):
        return given
    found: dict[str, Tensor] = convert(given, model)
    return found
