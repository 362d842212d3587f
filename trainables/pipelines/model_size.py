"""How large a classifier is: its parameters, those that a pipeline trains, and the work of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from trainables.job import EncoderRef, ParamValue
from trainables.models.classifier import Classifier, classifier
from trainables.pipelines.registry import PIPELINES


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """`parameters` of the classifier; `trained` by the pipeline, None where it does not say; `macs`:
    multiply-accumulate operations of one image's forward pass, as torch's own counter sees them."""

    parameters: int
    trained: int | None
    macs: int


def model_size(
    backbone: str, image_size: int, classes: int, pipeline: str, params: Mapping[str, ParamValue]
) -> ModelSize:
    """The size of what `pipeline` makes of this backbone with these parameters. Reads no weights.

    Raises `EncoderError` for a backbone that cannot be made, `TrainingError` for one that the pipeline cannot adapt.
    """
    with torch.device("meta"):  # shapes without memory
        model = _made(backbone, image_size, classes)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        mark = PIPELINES.get(pipeline).trained
        part = None if mark is None else mark(model, params)
    trained = None if part is None else sum(p.numel() for p in part.parameters() if p.requires_grad)
    return ModelSize(parameters=parameters, trained=trained, macs=_macs(backbone, image_size, classes))


def _made(backbone: str, image_size: int, classes: int) -> Classifier:
    return classifier(EncoderRef(name="random"), backbone, image_size, classes)


@lru_cache(maxsize=64)
def _macs(backbone: str, image_size: int, classes: int) -> int:
    """torch counts a multiply-accumulate as two operations."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        _made(backbone, image_size, classes).eval()(torch.empty(1, image_size, image_size, 3, dtype=torch.uint8))
    return int(counter.get_total_flops() // 2)
