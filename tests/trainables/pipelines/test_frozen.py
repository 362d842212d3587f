"""Frozen features: computed once by whoever comes first, the same for all; a kill loses and tears nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables import small_jobs
from trainables.job import EncoderRef, Job
from trainables.models.classifier import classifier
from trainables.models.heads import AttentivePool
from trainables.pipelines import feature_store
from trainables.pipelines.feature_store import obtain
from trainables.pipelines.registry import PIPELINES
from trainables.predict import load_model, predict
from trainables.training.task_data import LabelledRows, TaskData
from trainables.training.validation_metrics import cross_entropy

pytestmark = pytest.mark.usefixtures("float32")
PARAMS: dict[str, dict[str, Any]] = {
    "linear": {"c": 0.1, "balanced": True},
    "knn": {"k": 7, "temperature": 0.1},
    "attentive": {
        "adamw_lr": 0.01,
        "optimizer": "adamw",
        "weight_decay": 1e-4,
        "queries": 4,
        "batch_size": 12,
        "schedule": "cosine",
        "balanced": False,
        "patience": 22,
        "freeze_bn": False,
    },
    "lp-ft": {**small_jobs.PARAMS, "c": 0.1},
}
Heard = list[dict[str, float]]


def made(directory: Path, pipeline: str, stages: Path | str = "", **changes: Any) -> Job:
    fields = {"encoder": EncoderRef(name="supervised"), "params": PARAMS[pipeline], "epochs": 2, **changes}
    return small_jobs.job(directory, pipeline=pipeline, stages=str(stages), **fields)


def run(job: Job, data: TaskData | None = None) -> Heard:
    heard: Heard = []
    PIPELINES.get(job.pipeline).run(
        job, data or small_jobs.task(), lambda _, found, __: heard.append(dict(found)), "cpu"
    )
    return heard


def results(heard: Heard) -> Heard:
    """What must not depend on who computed the features."""
    clock = ("seconds", "images_per_second", "features_computed")
    return [{key: value for key, value in epoch.items() if key not in clock} for epoch in heard]


def values_of(places: np.ndarray) -> np.ndarray:
    return np.stack([places * 10.0, places + 0.5], axis=1).astype(np.float32)


def keys(*names: int) -> list[str]:
    return [f"{name:064x}" for name in names]


@pytest.mark.parametrize("pipeline", PARAMS)
def test_kept_and_unkept_features_give_the_same_trial(pipeline: str, tmp_path: Path) -> None:
    unkept = run(made(tmp_path / "unkept", pipeline))
    first = run(made(tmp_path / "first", pipeline, tmp_path / "stages"))
    second = run(made(tmp_path / "second", pipeline, tmp_path / "stages"))
    assert results(first) == results(second) == results(unkept)
    if pipeline != "lp-ft":
        assert [first[0]["features_computed"], second[0]["features_computed"]] == [69, 0]


@pytest.mark.parametrize("pipeline", ["linear", "attentive"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "test_convnext"])
def test_what_is_kept_predicts_what_was_reported(pipeline: str, backbone: str, tmp_path: Path) -> None:
    data, encoder = small_jobs.task(), EncoderRef(name="random")
    heard = run(made(tmp_path, pipeline, encoder=encoder, backbone=backbone), data)
    scores = predict(str(tmp_path / "best.pt"), data.images, data.validation.rows, copies=1, seed=0, devices=["cpu"])
    best = max(heard, key=lambda epoch: epoch["val_auc"])
    assert cross_entropy(data.validation.labels, scores.mean) == pytest.approx(best["val_loss"], rel=3e-3)


def test_attention_over_patches_learns_and_leaves_the_encoder(tmp_path: Path) -> None:
    job = made(tmp_path, "attentive", encoder=EncoderRef(name="simclr"), epochs=6)
    heard = run(job)
    assert max(epoch["val_auc"] for epoch in heard) > 0.8
    model, _ = load_model(tmp_path / "best.pt")
    before = classifier(job.encoder, job.backbone, job.image_size, 2).encoder.state_dict()
    assert all(torch.equal(value, before[key]) for key, value in model.encoder.state_dict().items())
    assert sum(tensor.numel() for tensor in torch.load(tmp_path / "last.pt", weights_only=True)["model"].values()) < 1e5


def test_attention_is_what_the_formula_says() -> None:
    torch.manual_seed(0)
    head, patches = AttentivePool(6, 2, 3), torch.randn(4, 5, 6)
    torch.nn.init.normal_(head.classify.weight)
    with torch.no_grad():
        found = head(patches)
        for image in range(4):
            x = torch.nn.functional.layer_norm(patches[image], (6,))
            pooled = []
            for query in range(2):
                weight = torch.softmax(x @ head.queries[query] / 6**0.5, dim=0)
                values = (
                    x @ head.values.weight[query * 3 : query * 3 + 3].T + head.values.bias[query * 3 : query * 3 + 3]
                )
                pooled.append((weight[:, None] * values).sum(dim=0))
            assert torch.allclose(head.classify(torch.cat(pooled)), found[image], atol=1e-5)


def test_fine_tuning_starts_from_the_probe(tmp_path: Path) -> None:
    slow = {**PARAMS["lp-ft"], "lr": 1e-9, "freeze_bn": True}
    tuned = run(made(tmp_path / "lp-ft", "lp-ft", params=slow, epochs=1))
    probe = run(made(tmp_path / "linear", "linear", params={"c": 0.1, "balanced": False}))
    assert tuned[0]["val_loss"] == pytest.approx(probe[0]["val_loss"], rel=1e-3)


@pytest.mark.parametrize("pipeline", ["attentive", "lp-ft"])
def test_a_training_goes_on_as_if_it_had_not_been_stopped(pipeline: str, tmp_path: Path) -> None:
    whole = run(made(tmp_path / "whole", pipeline, epochs=4))

    def stop(epoch: int, _: Any, __: str | None) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    job = made(tmp_path / "halves", pipeline, epochs=4)
    with pytest.raises(KeyboardInterrupt):
        PIPELINES.get(pipeline).run(job, small_jobs.task(), stop, "cpu")
    assert results(run(job)) == results(whole)


def test_trials_fractions_and_replicates_share_them(tmp_path: Path) -> None:
    data = small_jobs.task()
    few = TaskData(
        images=data.images,
        training=LabelledRows(rows=data.training.rows[10:30], labels=data.training.labels[10:30]),
        validation=data.validation,
        classes=data.classes,
    )
    stages = tmp_path / "stages"
    computed = [
        run(made(tmp_path / "few", "linear", stages), few)[0]["features_computed"],
        run(made(tmp_path / "all", "linear", stages), data)[0]["features_computed"],
        run(made(tmp_path / "replicate", "knn", stages, seed=8, stage_seed=8), data)[0]["features_computed"],
        run(made(tmp_path / "other", "knn", stages, encoder=EncoderRef(name="simclr")), data)[0]["features_computed"],
    ]
    assert computed == [44, 25, 0, 69]


def test_what_was_asked_for_comes_in_its_order(tmp_path: Path) -> None:
    asked: list[int] = []

    def compute(places: np.ndarray) -> np.ndarray:
        asked.extend(places.tolist())
        return values_of(places)

    assert obtain(tmp_path, keys(3, 1, 3), compute).take().tolist() == [[0, 0.5], [10, 1.5], [0, 0.5]]
    found = obtain(tmp_path, keys(1, 2, 3), compute)
    assert found.take().tolist() == [[10, 1.5], [10, 1.5], [0, 0.5]]
    assert found.take(np.array([2])).tolist() == [[0, 0.5]]
    assert (asked, found.computed) == ([0, 1, 1], 1)


def test_what_a_killed_trial_wrote_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "CHUNK", 2)

    def dying(places: np.ndarray) -> np.ndarray:
        if 4 in places:
            raise KeyboardInterrupt
        return values_of(places)

    with pytest.raises(KeyboardInterrupt):
        obtain(tmp_path, keys(*range(5)), dying)
    (tmp_path / f"torn{feature_store.VALUES}").write_bytes(b"half")  # killed between values and keys
    assert obtain(tmp_path, keys(*range(5)), values_of).computed == 1


@pytest.mark.parametrize("ending", [feature_store.KEYS, feature_store.VALUES])
@pytest.mark.parametrize("damage", ["a flipped bit", "truncated", "deleted"])
def test_damaged_features_are_computed_anew(ending: str, damage: str, tmp_path: Path) -> None:
    wanted = obtain(tmp_path, keys(1, 2), values_of).take().tolist()
    (path,) = tmp_path.glob(f"*{ending}")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content[:-1] if damage == "truncated" else content)
    if damage == "deleted":
        path.unlink()
    found = obtain(tmp_path, keys(1, 2), values_of)
    assert (found.take().tolist(), found.computed) == (wanted, 2)
    assert obtain(tmp_path, keys(1, 2), values_of).computed == 0


@pytest.mark.parametrize("asked", [keys(*range(40)), keys(*range(30, 70))])
def test_many_at_once_compute_each_image_once(asked: list[str], tmp_path: Path, count: Callable[[], list[int]]) -> None:
    calls = count()

    def compute(places: np.ndarray) -> np.ndarray:
        calls.append(len(places))
        return values_of(places)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: obtain(tmp_path, asked, compute).take().tolist(), range(6)))
    assert sum(calls) == 40
    assert all(each == found[0] for each in found)


@pytest.fixture
def count() -> Callable[[], list[int]]:
    return list
