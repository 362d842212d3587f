"""Probes: a frozen encoder, and a head that a plain reference would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import search_spaces
from tests.trainables import small_jobs
from trainables.augmentation.cpu_views import render
from trainables.augmentation.parameters import whole
from trainables.job import EncoderRef, Job, TrainingError
from trainables.models.classifier import classifier
from trainables.models.heads import Neighbours
from trainables.pipelines.registry import PIPELINES
from trainables.predict import load_model, predict
from trainables.training import checkpoint
from trainables.training.task_data import LabelledRows, TaskData

pytestmark = pytest.mark.usefixtures("float32")
PARAMS: dict[str, dict[str, Any]] = {"linear": {"c": 0.1, "balanced": True}, "knn": {"k": 7, "temperature": 0.1}}


def run(job: Job, data: TaskData) -> list[tuple[int, dict[str, float], str | None]]:
    heard: list[tuple[int, dict[str, float], str | None]] = []
    PIPELINES.get(job.pipeline).run(job, data, lambda *said: heard.append(said), "cpu")  # type: ignore[arg-type]
    return heard


def made(directory: Path, pipeline: str, **changes: Any) -> Job:
    fields = {"encoder": EncoderRef(name="supervised"), "params": PARAMS[pipeline], "epochs": 1, **changes}
    return small_jobs.job(directory, pipeline=pipeline, **fields)


def features(job: Job, data: TaskData, part: LabelledRows) -> np.ndarray:
    model = classifier(job.encoder, job.backbone, job.image_size, 2).eval()
    views = [render(data.images[int(row)], whole(36, 40), job.image_size) for row in part.rows]
    with torch.inference_mode():
        return model.encode(torch.from_numpy(np.stack(views))).numpy()


@pytest.mark.parametrize("pipeline", PARAMS)
def test_a_probe_is_one_epoch_whose_checkpoint_predicts_what_it_reported(pipeline: str, tmp_path: Path) -> None:
    data = small_jobs.task()
    ((epoch, metrics, path),) = run(made(tmp_path, pipeline), data)
    assert (epoch, path) == (1, str(tmp_path / "last.pt"))
    assert set(metrics) >= {"train_loss", "val_loss", "val_auc", "images", "seconds"}
    scores = predict(str(tmp_path / "best.pt"), data.images, data.validation.rows, copies=1, seed=0, devices=["cpu"])
    from trainables.training.validation_metrics import auc, cross_entropy

    assert auc(data.validation.labels, scores.mean) == pytest.approx(metrics["val_auc"])
    assert cross_entropy(data.validation.labels, scores.mean) == pytest.approx(metrics["val_loss"], rel=1e-4)
    assert run(made(tmp_path, pipeline), data) == [(1, metrics, path)]  # again: from its checkpoint


@pytest.mark.parametrize("pipeline", PARAMS)
def test_the_encoder_is_not_touched(pipeline: str, tmp_path: Path) -> None:
    job = made(tmp_path, pipeline)
    run(job, small_jobs.task())
    model, _ = load_model(tmp_path / "best.pt")
    before = classifier(job.encoder, job.backbone, job.image_size, 2).encoder.state_dict()
    assert all(torch.equal(value, before[key]) for key, value in model.encoder.state_dict().items())


@pytest.mark.parametrize("balanced", [True, False])
def test_linear_is_scikit_learns_logistic_regression(balanced: bool, tmp_path: Path) -> None:
    data = small_jobs.task(training=60, positives=0.3)
    job = made(tmp_path, "linear", params={"c": 0.03, "balanced": balanced})
    run(job, data)
    reference = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.03, class_weight="balanced" if balanced else None, max_iter=1000)
    ).fit(features(job, data, data.training), data.training.labels)
    expected = reference.predict_proba(features(job, data, data.validation))[:, 1]
    scores = predict(str(tmp_path / "best.pt"), data.images, data.validation.rows, copies=1, seed=0, devices=["cpu"])
    assert scores.mean[:, 1] == pytest.approx(expected, abs=1e-4)


def test_linear_knows_more_than_two_classes(tmp_path: Path) -> None:
    data = small_jobs.task(training=60)
    training = LabelledRows(rows=data.training.rows, labels=np.arange(60) % 3)
    validation = LabelledRows(rows=data.validation.rows, labels=np.arange(24) % 3)
    three = TaskData(images=data.images, training=training, validation=validation, classes=("a", "b", "c"))
    job = made(tmp_path, "linear")
    run(job, three)
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000))
    reference.fit(features(job, three, training), training.labels)
    model, _ = load_model(tmp_path / "best.pt")
    with torch.inference_mode():
        found = model.head(torch.from_numpy(features(job, three, validation))).softmax(dim=1).numpy()
    assert found == pytest.approx(reference.predict_proba(features(job, three, validation)), abs=1e-3)


def test_neighbours_vote_as_the_formula_says() -> None:
    random = np.random.default_rng(0)
    bank, labels, query = random.normal(size=(50, 8)), random.integers(0, 3, 50), random.normal(size=(6, 8))
    head = Neighbours(torch.tensor(bank), torch.tensor(labels), 3, k=5, temperature=0.2)
    found = head(torch.tensor(query)).softmax(dim=1).numpy()
    distance, index = NearestNeighbors(n_neighbors=5, metric="cosine").fit(bank).kneighbors(query)
    weight = np.exp((1 - distance) / 0.2)
    shares = np.stack([(weight * (labels[index] == label)).sum(axis=1) for label in range(3)], axis=1)
    expected = (5 * shares / weight.sum(axis=1, keepdims=True) + 1 / 3) / 6
    assert found == pytest.approx(expected, abs=1e-5)
    assert found.min() > 0


def test_the_shipped_spaces_fit(tmp_path: Path) -> None:
    for name in PARAMS:
        space = search_spaces.load(name)
        assert space.reason  # departs from fine-tuning, and says why
        run(made(tmp_path / name, name, params=space.at([0.5] * space.dimensions)), small_jobs.task())


@pytest.mark.parametrize(
    ("pipeline", "params", "text"),
    [
        ("linear", {"balanced": True}, "needs the parameter c"),
        ("linear", {"c": -1.0, "balanced": True}, "needs c > 0, got -1.0"),
        ("linear", {"c": 1.0, "balanced": "yes"}, "needs balanced true or false, got 'yes'"),
        ("knn", {"k": 0, "temperature": 0.1}, "needs k > 0, got 0"),
    ],
)
def test_a_wrong_parameter_is_named(pipeline: str, params: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=text):
        run(made(tmp_path, pipeline, params=params), small_jobs.task())


def test_another_configuration_never_goes_on_from_it(tmp_path: Path) -> None:
    run(made(tmp_path, "knn"), small_jobs.task())
    with pytest.raises(checkpoint.CheckpointError, match="written with another params"):
        run(made(tmp_path, "knn", params={"k": 8, "temperature": 0.1}), small_jobs.task())
