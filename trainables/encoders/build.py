"""Building an encoder: found, verified, checked against the backbone, and kept for the next trial of this process."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from torch import nn

from trainables.encoders import encoder, registry
from trainables.encoders.encoder import Encoder, bare
from trainables.encoders.errors import EncoderError
from trainables.encoders.loading import checkpoint_layout, image_towers, locate_weights, read_checkpoint
from trainables.encoders.loading.encoder_file import Facts
from trainables.encoders.loading.match_keys import Fitted, fit
from trainables.encoders.padding import Padding
from trainables.encoders.recipe import Recipe


class Reference(Protocol):
    """What names an encoder: `trainables.job.EncoderRef`."""

    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def key(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An encoder with its weights, and how they were found."""

    encoder: Encoder
    path: Path
    place: str
    fitted: Fitted
    facts: Facts | None


def build(ref: Reference, backbone: str, *, image_size: int, initial: bool = True) -> Encoder:
    """The encoder that `ref` names, on a timm backbone: normalised images [n, 3, H, W] -> features.

    `initial=False` leaves weights, normalisation and padding for a checkpoint to fill, and needs no file. Encoder
    `random` draws its weights from torch's global generator. Raises `EncoderError` for an unknown name, and for
    weights that are missing, damaged, another encoder's or another architecture's: random weights never train under a
    method's name.
    """
    recipe = registry.recipe(ref.name)
    if not recipe.trained and (ref.weights or ref.sha256):
        raise EncoderError(f"The encoder {ref.name} has no weights, got {ref.weights!r}. Remove them, or use `own`.")
    if not initial:
        return _around(_unfilled(backbone, image_size), recipe, backbone, "torch")
    if not recipe.trained:
        return _around(bare(backbone, image_size), recipe, backbone, recipe.padding)
    return copy.deepcopy(load(ref, backbone, image_size).encoder)


def with_drop_path(encoder: Encoder, backbone: str, image_size: int, rate: float) -> Encoder:
    """The encoder with stochastic depth, its rate rising to `rate` at the last block; weights stay as they are.

    Raises `EncoderError` where the backbone has none.
    """
    model = bare(backbone, image_size, drop_path=rate)
    made = Encoder(model, features=encoder.features, mean=encoder.mean, std=encoder.std, padding="torch")
    made.load_state_dict(encoder.state_dict())
    return made


def load(ref: Reference, backbone: str, image_size: int) -> Loaded:
    """The encoder with its weights, kept by this process while the file stays as it is. Not to be changed."""
    path = locate_weights.locate(registry.recipe(ref.name), ref.weights, ref.sha256, backbone)
    return _loaded(path, locate_weights.stamp(path), ref.name, ref.weights, ref.key, backbone, image_size)


@lru_cache(maxsize=8)
def _loaded(
    path: Path, _stamp: object, name: str, weights: str | None, key: str | None, backbone: str, image_size: int
) -> Loaded:
    recipe, content = registry.recipe(name), read_checkpoint.read(path)
    if content.facts is not None:
        recipe = _ours(recipe, content.facts, backbone, path)
    timm_name = weights.removeprefix("timm:") if weights and weights.startswith("timm:") else backbone
    made = _around(_unfilled(backbone, image_size), recipe, timm_name, recipe.padding)
    found = checkpoint_layout.find(
        image_towers.as_timm(content.values), recipe, made.backbone.state_dict(), backbone, str(path), key
    )
    fitted = fit(made.backbone, found, recipe, backbone, str(path))
    made.backbone.load_state_dict(dict(fitted.state))
    return Loaded(encoder=made, path=path, place=found.place, fitted=fitted, facts=content.facts)


def _unfilled(backbone: str, image_size: int) -> nn.Module:
    """A model whose weights somebody fills: a copy, because drawing initial weights takes longer than reading them."""
    return copy.deepcopy(_template(backbone, image_size))


@lru_cache(maxsize=4)
def _template(backbone: str, image_size: int) -> nn.Module:
    return bare(backbone, image_size)


def _around(model: nn.Module, recipe: Recipe, backbone: str, padding: Padding) -> Encoder:
    mean, std = encoder.default_normalisation(backbone)
    return Encoder(
        model,
        features=encoder.feature_dimension(model),
        mean=recipe.mean or mean,
        std=recipe.std or std,
        padding=padding,
    )


def _ours(recipe: Recipe, facts: Facts, backbone: str, path: Path) -> Recipe:
    """How one of our own files is read: flat, whole, with the normalisation that it names."""
    if recipe.name not in (facts.encoder, "own"):
        raise EncoderError(
            f"Weights belong to the encoder that the spec names, {recipe.name}, but {path} was pre-trained by "
            f"{facts.encoder}. Correct the encoder or the file."
        )
    if facts.backbone.partition(".")[0] != backbone.partition(".")[0]:
        raise EncoderError(
            f"Weights are of the study's backbone {backbone}, but {path} holds those of {facts.backbone}. Correct "
            "`backbone` or `weights`."
        )
    return replace(
        recipe,
        containers=(),
        prefix="",
        ignored=(),
        counters=True,
        mean=facts.mean,
        std=facts.std,
        padding=facts.padding,
    )
