"""An ONNX graph, for programs without PyTorch. Needs the extra `onnx`."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainables.predict import load_model

INPUT, OUTPUT = "images", "logits"


def write(path: Path, file: Path) -> None:
    """Write the classifier of a checkpoint as one file, for any number of images."""
    model, job = load_model(path)
    example = torch.zeros(2, job.image_size, job.image_size, 3, dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # the exporter's, about its own insides; scores are compared after
        torch.onnx.export(
            model,
            (example,),
            file,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            external_data=False,
            verbose=False,
        )


def load(file: Path) -> nn.Module:
    """The graph of a file that `write` wrote, run by onnxruntime on the CPU."""
    return _Graph(file)


class _Graph(nn.Module):
    def __init__(self, file: Path) -> None:
        super().__init__()
        import onnxruntime

        self.session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of uint8 images [n, H, W, 3]."""
        return torch.from_numpy(self.session.run([OUTPUT], {INPUT: images.contiguous().numpy()})[0])
