"""Fine-tuning: it learns, it stops, it fails aloud, and after a kill it goes on as if nothing had happened."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.base.manifest import DataRef
from tests.trainables import small_jobs
from trainables.job import EncoderRef, StopTraining, TrainingData, TrainingError
from trainables.predict import load_model, predict
from trainables.training import checkpoint, validation_metrics


def weights(directory: Path | str, name: str = "last.pt") -> dict[str, torch.Tensor]:
    return checkpoint.load(Path(directory) / name)["model"]


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


def test_it_learns_and_a_repeat_is_the_same_bit_for_bit(tmp_path: Path) -> None:
    first = small_jobs.fine_tune(small_jobs.job(tmp_path / "a", epochs=6))
    again = small_jobs.fine_tune(small_jobs.job(tmp_path / "b", epochs=6))
    assert max(epoch["val_auc"] for epoch in first) > 0.9
    assert small_jobs.without_clock(first) == small_jobs.without_clock(again)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert [epoch["images"] for epoch in first] == [45 * epoch for epoch in range(1, 7)]
    assert all(math.isfinite(value) for epoch in first for value in epoch.values())


def test_the_first_epoch_of_every_encoder_starts_from_the_same_prediction(tmp_path: Path) -> None:
    found = small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=1, lr=1e-9))
    assert found[0]["train_loss"] == pytest.approx(math.log(2), abs=1e-5)


KILLED = """
import sys
from tests.trainables import small_jobs
small_jobs.fine_tune(small_jobs.job(sys.argv[1], epochs=5, schedule=sys.argv[2], augmentation="published"),
                report=lambda epoch, metrics, path: print(epoch, flush=True))
"""


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_a_killed_training_goes_on_bit_for_bit(schedule: str, tmp_path: Path) -> None:
    whole = small_jobs.job(tmp_path / "whole", epochs=5, schedule=schedule, augmentation="published")
    expected = small_jobs.fine_tune(whole)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), schedule]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as dying:
        assert dying.stdout is not None
        for line in dying.stdout:
            if line.strip() == "2":
                time.sleep(0.02)  # somewhere within the third epoch
                os.kill(dying.pid, signal.SIGKILL)
                break
        assert dying.wait(60) == -signal.SIGKILL
    done = checkpoint.load(tmp_path / "killed" / "last.pt")["history"]["epochs"]
    assert 2 <= len(done) < 5
    heard = small_jobs.fine_tune(small_jobs.other(whole, directory=str(tmp_path / "killed")))
    assert small_jobs.without_clock(heard) == small_jobs.without_clock(expected)
    assert same(weights(tmp_path / "killed"), weights(whole.directory))
    assert same(weights(tmp_path / "killed", "best.pt"), weights(whole.directory, "best.pt"))


def test_a_stopped_training_leaves_its_checkpoints_and_repeats_its_epochs(tmp_path: Path) -> None:
    def stop(epoch: int, metrics: object, path: str | None) -> None:
        if epoch == 2:
            raise StopTraining

    with pytest.raises(StopTraining):
        small_jobs.fine_tune(small_jobs.job(tmp_path), report=stop)
    heard: list[tuple[int, str | None]] = []
    small_jobs.fine_tune(small_jobs.job(tmp_path), report=lambda epoch, metrics, path: heard.append((epoch, path)))
    assert heard == [(epoch, str(tmp_path / "last.pt")) for epoch in range(1, 5)]


def test_places_and_threads_may_differ_when_it_goes_on(tmp_path: Path) -> None:
    job = small_jobs.job(tmp_path / "here", epochs=2)
    small_jobs.fine_tune(job)
    (tmp_path / "here").rename(tmp_path / "there")
    moved = TrainingData(ref=DataRef(source="stripes", root="/elsewhere"), split_file="/x.csv", short_side=36)
    changed = small_jobs.other(job, directory=str(tmp_path / "there"), stages="/y", threads=2, data=moved)
    assert len(small_jobs.fine_tune(changed)) == 2


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("seed", {"seed": 8}),
        ("params", {"params": {**small_jobs.PARAMS, "lr": 0.01}}),
        ("max_epochs", {"max_epochs": 9}),
        ("objective", {"objective": "val_loss"}),
        ("augmentation", {"augmentation": "published"}),
        ("encoder", {"encoder": EncoderRef(name="simclr")}),
        ("pipeline", {"pipeline": "ucl-ft"}),
        ("source", {"data": TrainingData(ref=DataRef(source="others"), split_file="", short_side=36)}),
        ("source", {"data": TrainingData(ref=DataRef(source="stripes"), split_file="", short_side=37)}),
    ],
)
def test_another_configuration_never_goes_on_from_it(what: str, changes: dict[str, object], tmp_path: Path) -> None:
    job = small_jobs.job(tmp_path, epochs=1)
    small_jobs.fine_tune(job)
    with pytest.raises(checkpoint.CheckpointError, match=f"was written with another {what}"):
        small_jobs.fine_tune(small_jobs.other(job, **changes))


def test_other_images_never_go_on_from_it(tmp_path: Path) -> None:
    small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=1))
    with pytest.raises(checkpoint.CheckpointError, match="was written with another images"):
        small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=1), small_jobs.task(training=44))


@pytest.mark.parametrize("damage", ["truncated", "a flipped bit", "emptied"])
def test_a_damaged_checkpoint_is_said_and_the_training_comes_to_the_same(damage: str, tmp_path: Path) -> None:
    undisturbed = small_jobs.fine_tune(small_jobs.job(tmp_path / "a", epochs=2))
    small_jobs.fine_tune(small_jobs.job(tmp_path / "b", epochs=1))
    last = tmp_path / "b" / "last.pt"
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1  # amid the weights: torch would read it as if nothing were wrong
    last.write_bytes({"truncated": content[:1000], "a flipped bit": content, "emptied": b""}[damage])
    with pytest.warns(UserWarning, match=r"got '.*last.pt'.*begins anew"):
        found = small_jobs.fine_tune(small_jobs.job(tmp_path / "b", epochs=2))
    assert [epoch["val_auc"] for epoch in found] == [epoch["val_auc"] for epoch in undisturbed]
    last.write_bytes(content)
    with pytest.raises(checkpoint.CheckpointError, match="Train again or correct the path"):
        checkpoint.load(last)


@pytest.mark.parametrize("objective", ["val_auc", "val_loss"])
def test_the_best_checkpoint_is_the_objectives(objective: str, tmp_path: Path) -> None:
    found = small_jobs.fine_tune(small_jobs.job(tmp_path, objective=objective, epochs=6))
    values = [epoch[objective] for epoch in found]
    best = max(values) if objective == "val_auc" else min(values)
    kept = checkpoint.load(tmp_path / "best.pt")
    assert (kept["value"], kept["epoch"]) == (best, values.index(best) + 1)
    model, job = load_model(tmp_path / "best.pt")
    assert job.objective == objective
    assert not model.training


def test_it_stops_itself_after_its_patience(tmp_path: Path) -> None:
    found = small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=30, patience=2, lr=1e-9))
    values = [epoch["val_auc"] for epoch in found]
    assert len(found) == values.index(max(values)) + 1 + 2 < 30


@pytest.mark.usefixtures("float32")
def test_validation_is_the_deterministic_view_whatever_the_augmentation(tmp_path: Path) -> None:
    data = small_jobs.task()
    found = small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=2, augmentation="published"), data)
    best = max(found, key=lambda epoch: epoch["val_auc"])
    rows, labels = data.validation.rows, data.validation.labels
    scores = predict(str(tmp_path / "best.pt"), data.images, rows, copies=1, seed=3, devices=["cpu"]).mean
    assert validation_metrics.auc(labels, scores) == pytest.approx(best["val_auc"])
    assert validation_metrics.cross_entropy(labels, scores) == pytest.approx(best["val_loss"], rel=1e-5)


def test_a_diverging_configuration_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="diverged"):
        small_jobs.fine_tune(small_jobs.job(tmp_path, lr=1e30, epochs=3))
    assert not (tmp_path / "last.pt").exists()


def test_batch_norm_survives_every_size_of_the_last_batch(tmp_path: Path) -> None:
    for training in (24, 25, 26):
        found = small_jobs.fine_tune(
            small_jobs.job(tmp_path / str(training), epochs=1), small_jobs.task(training=training)
        )
        assert found[0]["images"] == {24: 24, 25: 24, 26: 26}[training]


def test_frozen_batch_norm_keeps_its_statistics(tmp_path: Path) -> None:
    small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=1, freeze_bn=True))
    assert float(weights(tmp_path)["encoder.backbone.bn1.running_mean"].abs().sum()) == 0
    small_jobs.fine_tune(small_jobs.job(tmp_path / "free", epochs=1))
    assert float(weights(tmp_path / "free")["encoder.backbone.bn1.running_mean"].abs().sum()) > 0


def test_a_warm_process_starts_within_half_a_second(tmp_path: Path) -> None:
    supervised = EncoderRef(name="supervised")
    small_jobs.fine_tune(small_jobs.job(tmp_path / "cold", epochs=1, encoder=supervised))
    data, started = small_jobs.task(), time.process_time()
    small_jobs.fine_tune(small_jobs.job(tmp_path / "warm", epochs=0, encoder=supervised), data)
    assert time.process_time() - started < 0.5


def test_balanced_batches_see_the_rare_class_as_often(tmp_path: Path) -> None:
    rare = small_jobs.task(training=60, positives=0.1)
    plain = small_jobs.fine_tune(small_jobs.job(tmp_path / "plain", epochs=1, lr=1e-9), rare)
    balanced = small_jobs.fine_tune(small_jobs.job(tmp_path / "balanced", epochs=1, lr=1e-9, balanced=True), rare)
    assert np.isclose(plain[0]["train_loss"], balanced[0]["train_loss"], atol=1e-5)  # an uninformed start
    assert plain[0]["images"] == balanced[0]["images"] == 60


MODERN = {
    "optimizer": "adamw",
    "adamw_lr": 3e-3,
    "layer_decay": 0.8,
    "warmup": 2,
    "drop_path": 0.2,
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "ema": 0.8,
}


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_a_modern_recipe_learns_and_goes_on_bit_for_bit(backbone: str, tmp_path: Path) -> None:
    def stop(epoch: int, metrics: object, path: str | None) -> None:
        if epoch == 3:
            raise StopTraining

    def job(name: str):
        return small_jobs.job(tmp_path / name, epochs=6, backbone=backbone, params={**small_jobs.PARAMS, **MODERN})

    whole = small_jobs.fine_tune(job("whole"))
    with pytest.raises(StopTraining):
        small_jobs.fine_tune(job("halves"), report=stop)
    again = small_jobs.fine_tune(job("halves"))
    assert small_jobs.without_clock(again) == small_jobs.without_clock(whole)
    assert same(weights(tmp_path / "whole", "best.pt"), weights(tmp_path / "halves", "best.pt"))
    assert whole[-1]["train_loss"] < whole[0]["train_loss"]


def test_the_average_of_the_weights_is_what_is_kept(tmp_path: Path) -> None:
    params = {**small_jobs.PARAMS, "ema": 0.5}
    small_jobs.fine_tune(small_jobs.job(tmp_path, epochs=1, params=params))
    last = checkpoint.load(tmp_path / "last.pt")
    assert same(weights(tmp_path, "best.pt"), last["average"])
    assert not same(weights(tmp_path, "best.pt"), last["model"])


def test_stochastic_depth_keeps_the_weights_and_is_refused_where_there_is_none() -> None:
    from trainables.encoders import EncoderError, build
    from trainables.encoders.build import with_drop_path
    from trainables.encoders.encoder import bare

    torch.manual_seed(0)
    encoder = build(EncoderRef(name="random"), "test_vit", image_size=32)
    made = with_drop_path(encoder, "test_vit", 32, 0.3)
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(made.eval()(images), encoder.eval()(images))
    assert max(getattr(module, "drop_prob", 0.0) or 0.0 for module in made.modules()) == pytest.approx(0.3)
    with pytest.raises(EncoderError, match=r"densenet121 has no stochastic depth, got drop_path 0.3"):
        bare("densenet121", 32, drop_path=0.3)
