"""A trained classifier in forms that other programs read: safetensors, and TorchScript."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainables.forward_pass import forward_pass
from trainables.job import Job
from trainables.models.classifier import Classifier, restore
from trainables.predict import load_model, of_each_class
from trainables.training import checkpoint
from trainables.training.loader import Images, Rows
from trainables.training.step import probabilities


@dataclass(frozen=True)
class Form:
    """`write(checkpoint, file)` writes a model; `load(file)` reads it back, to uint8 [n, H, W, 3] -> logits."""

    file: str
    write: Callable[[Path, Path], None]
    load: Callable[[Path], nn.Module]


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


def _write_safetensors(path: Path, file: Path) -> None:
    from safetensors.torch import save_file

    found = checkpoint.load(path)
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in found["model"].items()}
    save_file(tensors, file, metadata={"job": _without_places(found["job"]), "classes": "\n".join(found["classes"])})


def _without_places(text: str) -> str:
    """A job for a file that leaves: paths of the machine that trained it say who and where, and help nobody."""
    job = Job.from_json(text)
    ref = dataclasses.replace(job.data.ref, root=None)
    data = dataclasses.replace(job.data, ref=ref, split_file="", cache_root=None)
    weights = job.encoder.weights
    if weights is not None and (weights.startswith(("/", ".", "~")) or "://" in weights or Path(weights).exists()):
        weights = weights.rpartition("/")[2]
    encoder = dataclasses.replace(job.encoder, weights=weights)
    return dataclasses.replace(job, encoder=encoder, data=data, directory="", stages="").to_json()


def _load_safetensors(file: Path) -> Classifier:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        facts: dict[str, str] = opened.metadata()
        tensors: dict[str, Any] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return restore({"job": facts["job"], "classes": facts["classes"].split("\n"), "model": tensors})[0]


def _write_torchscript(path: Path, file: Path) -> None:
    model, job = load_model(path)
    example = torch.zeros(2, job.image_size, job.image_size, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer's: values that it takes for constants; scores are compared after
        traced = torch.jit.trace(model, example)
        torch.jit.save(traced, file)


def _load_torchscript(file: Path) -> nn.Module:
    loaded: nn.Module = torch.jit.load(file, map_location="cpu")
    return loaded.eval()


FORMS = {
    "safetensors": Form("model.safetensors", _write_safetensors, _load_safetensors),
    "torchscript": Form("model.pt", _write_torchscript, _load_torchscript),
}
