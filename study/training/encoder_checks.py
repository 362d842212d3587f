"""Whether the encoders of a study can start: each loaded, checked key by key, and looked at on images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.preparation import manifests
from study.training.jobs import encoder_reference
from trainables.job import EncoderRef

if TYPE_CHECKING:
    from trainables.encoders import Encoder

SAMPLE = 16  # images that the features are looked at on: enough to see a collapse, and a second of forward pass


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An encoder as the methods that name it will start: the model, and facts about it in words and numbers."""

    methods: tuple[str, ...]
    encoder: Encoder
    image_size: int
    facts: dict[str, str]


Start = tuple[EncoderRef, str, int]
"""What a method begins with: encoder, backbone, image size in pixels."""


def starts(plan: Plan) -> dict[Start, tuple[str, ...]]:
    """The distinct encoders of a plan on their backbones, each with the methods that begin with it."""
    found: dict[Start, dict[str, None]] = {}
    for cell in plan.cells:
        found.setdefault((encoder_reference(cell), cell.backbone, cell.image_size), {})[cell.method.name] = None
    return {start: tuple(methods) for start, methods in found.items()}


def check(plan: Plan) -> Iterator[Checked]:
    """Every encoder of the plan that loads, one after the other.

    Raises one `StudyError` at the end about all those that do not.
    """
    from trainables.encoders import EncoderError

    problems = []
    for start, methods in starts(plan).items():
        try:
            yield _check(start, methods)
        except EncoderError as error:
            problems.append(f"{', '.join(methods)}: {error}")
    if problems:
        raise StudyError("\n".join(problems))


def sample(plan: Plan, size: int) -> np.ndarray:
    """Up to `SAMPLE` training images, evenly over the manifest, as models see them: uint8 [n, size, size, 3]."""
    from datasets.cache.reading import reader
    from trainables.augmentation.cpu_views import render
    from trainables.augmentation.parameters import whole

    manifest = manifests.load_manifest(plan.spec.train)
    read = reader(manifest)
    rows = np.unique(np.linspace(0, len(manifest) - 1, SAMPLE).astype(int))
    images = [read(int(row)) for row in rows]
    return np.stack([render(image, whole(*image.shape[:2]), size) for image in images])


def statistics(encoder: Encoder, images: np.ndarray) -> dict[str, float]:
    """Of an encoder's features [n, d] on images: mean, sd, share of zeros, dead dimensions, and their directions.

    `directions` is the exponential of the entropy of the singular values' shares (Roy and Vetterli 2007), the number of
    directions that the features spread over: near 1 for a collapsed encoder.
    """
    import torch

    from trainables.models.classifier import Classifier

    with torch.inference_mode():
        model = Classifier(encoder, 2).eval().to(memory_format=torch.channels_last)
        features = model.encode(torch.from_numpy(images)).numpy()
    values = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
    shares = values[values > 0] / values.sum() if values.sum() else np.ones(1)
    return {
        "mean": float(features.mean()),
        "sd": float(features.std()),
        "zeros": float((features == 0).mean()),
        "dead": float((features.std(axis=0) == 0).mean()),
        "directions": float(np.exp(-(shares * np.log(shares)).sum())),
    }


def _check(start: Start, methods: tuple[str, ...]) -> Checked:
    from trainables.encoders import build, registry
    from trainables.encoders.encoder import resampled

    ref, backbone, size = start
    encoder = build(ref, backbone, image_size=size)
    recipe = registry.recipe(ref.name)
    found = _weights(ref, backbone, size) if recipe.trained else {"weights": recipe.obtain}
    return Checked(
        methods=methods,
        encoder=encoder,
        image_size=size,
        facts={
            **found,
            "backbone": f"{backbone} at {size} px{resampled(backbone, size)}",
            "parameters": f"{sum(parameter.numel() for parameter in encoder.parameters()):,}",
            "features": str(encoder.features),
            "normalisation": f"mean {encoder.mean}, std {encoder.std}",
            "padding": encoder.padding,
        },
    )


def _weights(ref: EncoderRef, backbone: str, size: int) -> dict[str, str]:
    from trainables.encoders.build import load
    from trainables.encoders.loading import locate_weights

    loaded = load(ref, backbone, size)
    found = {
        "weights": str(loaded.path),
        "sha256": locate_weights.digest(loaded.path) + (" (as the spec says)" if ref.sha256 else ""),
        "matched": f"{len(loaded.fitted.state) - len(loaded.fitted.missing)} keys, from {loaded.place}",
        "ignored": _keys(loaded.fitted.ignored),
        "missing": _keys(loaded.fitted.missing),
    }
    provenance = {} if loaded.facts is None else loaded.facts.provenance
    return found | {f"pre-training, {name.replace('_', ' ')}": str(fact) for name, fact in provenance.items()}


def _keys(keys: tuple[str, ...]) -> str:
    from trainables.encoders.errors import listing

    return f"{len(keys)} keys: {listing(sorted(keys))}" if keys else "none"
