"""A traced module, for programs that have PyTorch alone."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn

from trainables.predict import load_model


def write(path: Path, file: Path) -> None:
    """Trace the classifier of a checkpoint."""
    model, job = load_model(path)
    example = torch.zeros(2, job.image_size, job.image_size, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer's: values that it takes for constants; scores are compared after
        traced = torch.jit.trace(model, example)
        torch.jit.save(traced, file)


def load(file: Path) -> nn.Module:
    """The module of a file that `write` wrote, on the CPU."""
    loaded: nn.Module = torch.jit.load(file, map_location="cpu")
    return loaded.eval()
