"""The forms by name, and the scores that a model of any form gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainables.export import hub_folder, onnx_graph, safetensors_file, torchscript
from trainables.forward_pass import forward_pass
from trainables.job import Job
from trainables.predict import of_each_class
from trainables.training.loader import Images, Rows
from trainables.training.step import probabilities


@dataclass(frozen=True)
class Form:
    """`write(checkpoint, file)` writes a model; `load(file)` reads it back, to uint8 [n, H, W, 3] -> logits. `needs`:
    packages beside those that are always there."""

    file: str
    write: Callable[[Path, Path], None]
    load: Callable[[Path], nn.Module]
    needs: tuple[str, ...] = ()


def scores(model: nn.Module, job: Job, images: Images, rows: Rows, *, copies: int, seed: int) -> NDArray[np.float64]:
    """Mean probabilities [n, classes] over the copies that `predict` makes, on the CPU."""
    values = forward_pass(
        model,  # type: ignore[arg-type]  # a traced module is no Classifier, and only called
        images,
        rows,
        probabilities,
        job=job,
        copies=copies,
        seed=seed,
        devices=[torch.device("cpu")],
        threads=job.threads,
    )
    return np.column_stack([of_class.mean(axis=1) for of_class in of_each_class(values, values.shape[-1])])


FORMS = {
    "safetensors": Form("model.safetensors", safetensors_file.write, safetensors_file.load),
    "torchscript": Form("model.pt", torchscript.write, torchscript.load),
    "onnx": Form("model.onnx", onnx_graph.write, onnx_graph.load, ("onnx", "onnxscript", "onnxruntime")),
    "hub-folder": Form("model.safetensors", hub_folder.write, hub_folder.load),
}
