"""Probes: the encoder stays as it is, and a simple classifier reads its features. One epoch, no augmentation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from datasets.base.seeds import seed
from trainables.devices.precision import pick_device
from trainables.job import Job, ParamValue, Report, TrainingError
from trainables.models.classifier import Classifier, classifier, state
from trainables.models.heads import Neighbours
from trainables.pipelines.frozen import frozen_features
from trainables.pipelines.pipeline import Pipeline
from trainables.training import checkpoint, distributed, validation_metrics
from trainables.training.history import History, find_last
from trainables.training.objectives import OBJECTIVES, validate
from trainables.training.task_data import TaskData

Features = NDArray[np.float32]
Labels = NDArray[np.int64]
Params = Mapping[str, ParamValue]
Fit = Callable[[Job, Features, Labels, int], nn.Module]
"""`fit(job, features, labels, classes)`: the head that the training features [n, d] give."""

BATCH = 256
ITERATIONS = 1000  # of the logistic regression's solver; standardised features need a few dozen


def probe(fit: Fit) -> Callable[[Job, TaskData, Report, str | None], None]:
    """The pipeline that puts the head of `fit` on frozen features."""

    def pipeline(job: Job, data: TaskData, report: Report, device: str | None) -> None:
        history = History(maximise=OBJECTIVES.get(job.objective).maximize)
        directory = Path(job.directory)
        last = find_last(job, data.digest)
        if last is None:
            _run(job, data, fit, history, pick_device(device))
        else:
            history.load_state_dict(last["history"])
        history.repeat(report, str(directory / checkpoint.LAST))

    return pipeline


def logistic(job: Job, features: Features, labels: Labels, classes: int) -> nn.Linear:
    """`linear`: L2-regularised logistic regression (`c`: inverse strength) on standardised features, as one layer."""
    from sklearn.linear_model import LogisticRegression

    mean, sd = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    sd[sd == 0] = 1.0
    weighting = "balanced" if _bool(job.params, "balanced") else None
    model = LogisticRegression(C=_positive(job.params, "c"), class_weight=weighting, max_iter=ITERATIONS)
    model.fit((features - mean) / sd, labels)
    coefficients, intercept = model.coef_ / sd, model.intercept_ - (model.coef_ / sd) @ mean
    if classes == 2:  # scikit-learn gives the log odds of the second class alone
        coefficients, intercept = np.vstack([0 * coefficients, coefficients]), np.concatenate([[0.0], intercept])
    layer = nn.Linear(features.shape[1], classes)
    layer.load_state_dict({"weight": torch.from_numpy(coefficients), "bias": torch.from_numpy(intercept)})
    return layer


def neighbours(job: Job, features: Features, labels: Labels, classes: int) -> Neighbours:
    """`knn`: a weighted vote of the `k` nearest training images at a `temperature`."""
    k, temperature = int(_positive(job.params, "k")), _positive(job.params, "temperature")
    return Neighbours(torch.from_numpy(features), torch.from_numpy(labels), classes, k, temperature)


def _run(job: Job, data: TaskData, fit: Fit, history: History, device: torch.device) -> None:
    """Fit, validate and write: every worker of a group does the same, and the first one writes."""
    started = time.monotonic()
    torch.manual_seed(seed(job.seed, "initial"))
    model = classifier(job.encoder, job.backbone, job.image_size, len(data.classes)).to(device).eval()
    features = frozen_features(job, data, model, device, "pooled")
    training, validation = np.split(features.take(), [len(data.training.rows)])
    seconds = time.monotonic() - started
    model.head = fit(job, training, data.training.labels, len(data.classes)).to(device)
    scores = _probabilities(model.head, validation, device)
    images = len(data.training.rows)
    found = {
        "train_loss": validation_metrics.cross_entropy(
            data.training.labels, _probabilities(model.head, training, device)
        ),
        **validate(job.objective, data.validation.labels, scores),
        "images": float(images),
        "features_computed": float(features.computed),
        "images_per_second": images / seconds,
        "seconds": time.monotonic() - started,
        "device_memory_mb": torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0,
    }
    if not all(np.isfinite(value) for value in found.values()):
        raise TrainingError(
            f"A probe's results are finite, got {found}. Look at the encoder with `study encoders check`."
        )
    history.add(found, found[job.objective])
    if distributed.rank() == 0:
        _write(job, data, model, history, found[job.objective])
    distributed.barrier()


def _write(job: Job, data: TaskData, model: Classifier, history: History, value: float) -> None:
    best = {"model": state(model), "job": job.to_json(), "classes": list(data.classes), "epoch": 1, "value": value}
    checkpoint.save(Path(job.directory) / checkpoint.BEST, best)
    last = {"history": history.state_dict(), "job": job.to_json(), "images": data.digest}
    checkpoint.save(Path(job.directory) / checkpoint.LAST, last)


@torch.inference_mode()
def _probabilities(head: nn.Module, features: Features, device: torch.device) -> NDArray[np.float64]:
    """Class probabilities [n, classes] from features, in float32 as in prediction."""
    parts = np.split(features, range(BATCH, len(features), BATCH))
    logits = torch.cat([head(torch.from_numpy(part).to(device)) for part in parts])
    found: NDArray[np.float64] = logits.double().softmax(dim=1).cpu().numpy()
    return found


def _positive(params: Params, name: str) -> float:
    value = _given(params, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise TrainingError(f"A probe needs {name} > 0, got {value!r}. Correct the search space.")
    return float(value)


def _bool(params: Params, name: str) -> bool:
    value = _given(params, name)
    if not isinstance(value, bool):
        raise TrainingError(f"A probe needs {name} true or false, got {value!r}. Correct the search space.")
    return value


def _given(params: Params, name: str) -> ParamValue:
    if name not in params:
        raise TrainingError(f"A probe needs the parameter {name}; the search space lacks it. Add it.")
    return params[name]


def check_linear(params: Params) -> None:
    """Raises `TrainingError` for what `logistic` cannot use."""
    _positive(params, "c")
    _bool(params, "balanced")


def check_neighbours(params: Params) -> None:
    """Raises `TrainingError` for what `neighbours` cannot use."""
    _positive(params, "k")
    _positive(params, "temperature")


def _head(model: Classifier, params: Params) -> nn.Module:
    return model.head


def _nothing(model: Classifier, params: Params) -> nn.Module:
    return nn.Identity()


LINEAR = Pipeline(run=probe(logistic), space="linear", trained=_head, check=check_linear, augments=False)
KNN = Pipeline(run=probe(neighbours), space="knn", trained=_nothing, check=check_neighbours, augments=False)
