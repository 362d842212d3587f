"""The contrastive stage: its loss falls, it is computed once for all who share it, and a kill leaves nothing half."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file

import search_spaces
from datasets.base.manifest import DataRef
from tests.tools.drawn_objects import draw
from trainables.job import EncoderRef, Job, TrainingData, TrainingError
from trainables.pipelines import contrastive_stage, stage_store
from trainables.pipelines.registry import PIPELINES
from trainables.ssl.train import PreTraining
from trainables.training.task_data import LabelledRows, TaskData

SIZE = 24
STAGE = {
    "stage_temperature": 0.5,
    "stage_batch_size": 16,
    "stage_epochs": 5,
    "stage_balanced": False,
    "stage_positives": "views",
    "stage_lr": 3e-3,
    "stage_augmentation": "lesion",
}
FINE_TUNING = {
    "lr": 0.01,
    "weight_decay": 1e-4,
    "batch_size": 16,
    "schedule": "cosine",
    "balanced": False,
    "momentum": 0.9,
    "patience": 5,
    "freeze_bn": False,
}
METHODS = {"ucl-ft": "simclr", "scl-ft": "supcon"}


def task(first: int = 0) -> TaskData:
    """48 training and 16 validation pictures of two classes (plain discs and others), two of each lesion."""
    images = [draw(first + index, SIZE + 4) for index in range(64)]
    labels = (np.arange(64) % 18 < 9).astype(np.int64)
    return TaskData(
        images=images,
        training=LabelledRows(rows=np.arange(48), labels=labels[:48]),
        validation=LabelledRows(rows=np.arange(48, 64), labels=labels[48:]),
        classes=("benign", "melanoma"),
        lesions=tuple(f"L{index // 2}" for index in range(48)),
    )


def job(directory: Path, pipeline: str = "ucl-ft", *, seed: int = 0, name: str = "trial", **changes: object) -> Job:
    return Job(
        encoder=EncoderRef(name="simclr"),
        pipeline=pipeline,
        backbone="test_resnet",
        image_size=SIZE,
        params={**FINE_TUNING, **STAGE, **changes},
        data=TrainingData(ref=DataRef(source="synthetic"), split_file="", short_side=SIZE + 4),
        max_epochs=2,
        objective="val_auc",
        seed=seed,
        directory=str(directory / name),
        stages=str(directory / "stages"),
    )


@pytest.mark.parametrize("pipeline", METHODS)
def test_trials_share_one_stage_whose_loss_falls(tmp_path, pipeline, monkeypatch) -> None:
    runs: list[int] = []
    run = PreTraining.run
    monkeypatch.setattr(PreTraining, "run", lambda self: runs.append(1) or run(self))
    heard: dict[str, list[dict[str, float]]] = {"one": [], "two": []}
    for seed, (name, reports) in enumerate(heard.items()):
        trial = job(tmp_path, pipeline, seed=seed, name=name, lr=0.01 / (1 + seed))
        PIPELINES.get(pipeline).run(
            trial, task(), lambda epoch, metrics, _, to=reports: to.append(dict(metrics)), "cpu"
        )
    assert len(runs) == 1
    assert [[metrics["stage_computed"] for metrics in reports] for reports in heard.values()] == [[1, 1], [0, 0]]
    (stored,) = (tmp_path / "stages").glob("*/stage.json")
    facts = json.loads(stored.read_text())
    losses = [epoch["loss"] for epoch in facts["history"]]
    assert len(losses) == 5
    assert losses[-1] < losses[0] - 0.05
    for reports in heard.values():  # both bear its cost in their records: 48 pairs of views an epoch
        assert {metrics["stage_images"] for metrics in reports} == {48 * 2 * 5}
        assert {metrics["stage_seconds"] for metrics in reports} == {facts["seconds"]}


def test_fine_tuning_starts_from_the_stage(tmp_path) -> None:
    trial = job(tmp_path)
    stage = contrastive_stage.run_stage(trial, task(), "simclr", "cpu")
    before = load_file(Path(contrastive_stage.__file__).parents[1] / "encoders/weights/test_resnet/simclr.safetensors")
    after = load_file(stage.encoder)
    assert max(float((after[key] - value.float()).abs().max()) for key, value in before.items()) > 1e-3
    PIPELINES.get("ucl-ft").run(
        dataclasses.replace(trial, params={**trial.params, "lr": 1e-12}), task(), _silent, "cpu"
    )
    trained = torch.load(Path(trial.directory) / "last.pt", weights_only=True)["model"]
    for key, value in after.items():
        if not key.endswith(("running_mean", "running_var", "num_batches_tracked")):
            torch.testing.assert_close(trained[f"encoder.backbone.{key}"], value, atol=1e-6, rtol=0)


def test_fine_tuning_after_the_stage_has_the_stochastic_depth_of_its_space(tmp_path) -> None:
    losses: dict[str, list[float]] = {}
    for name, changes in {"absent": {}, "none": {"drop_path": 0.0}, "deep": {"drop_path": 0.9}}.items():
        found = losses.setdefault(name, [])
        PIPELINES.get("ucl-ft").run(
            job(tmp_path, name=name, **changes),
            task(),
            lambda epoch, metrics, _, to=found: to.append(metrics["train_loss"]),
            "cpu",
        )
    assert len(losses["absent"]) == 2
    assert losses["none"] == losses["absent"]
    assert all(abs(one - two) > 1e-3 for one, two in zip(losses["deep"], losses["absent"], strict=True))


def _silent(epoch: int, metrics: object, checkpoint: str | None) -> None: ...


def test_what_decides_the_result_decides_the_address(tmp_path, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(contrastive_stage, "obtain", lambda store, digest, compute: asked.append(digest))

    def address(trial: Job, data: TaskData | None = None, method: str = "simclr") -> str:
        contrastive_stage.run_stage(trial, data or task(), method, "cpu")
        return asked[-1]

    same = address(job(tmp_path))
    assert address(job(tmp_path, seed=7, name="other", lr=0.3, batch_size=32)) == same
    fewer = task()
    fewer = dataclasses.replace(
        fewer,
        training=LabelledRows(rows=fewer.training.rows[:40], labels=fewer.training.labels[:40]),
        lesions=fewer.lesions[:40],
    )
    others = [
        *(address(job(tmp_path, **{name: value})) for name, value in {
            "stage_temperature": 0.1, "stage_batch_size": 8, "stage_epochs": 6, "stage_balanced": True,
            "stage_positives": "lesion", "stage_augmentation": "contrastive",
        }.items()),
        address(job(tmp_path), method="supcon"),
        address(job(tmp_path), fewer),
        address(job(tmp_path), task(first=1)),
        address(dataclasses.replace(job(tmp_path), image_size=SIZE + 8)),
        address(dataclasses.replace(job(tmp_path), encoder=EncoderRef(name="supervised"))),
    ]  # fmt: skip
    assert len({same, *others}) == 1 + len(others)


def test_one_of_many_computes_while_the_others_wait(tmp_path) -> None:
    def compute(path: Path, partial: Path) -> dict[str, float]:
        time.sleep(0.3)
        path.write_bytes(b"weights")
        return {"images": 1.0}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stage_store.obtain(tmp_path / "stages", "abc", compute), range(8)))
    assert sum(stage.computed for stage in found) == 1
    assert {stage.encoder.read_bytes() for stage in found} == {b"weights"}
    assert sorted(path.name for path in (tmp_path / "stages").iterdir()) == ["abc", "abc.lock"]


def test_a_failed_computation_leaves_no_stage_and_no_lock(tmp_path) -> None:
    def fail(path: Path, partial: Path) -> dict[str, float]:
        path.write_bytes(b"half")
        raise TrainingError("diverged")

    with pytest.raises(TrainingError, match="diverged"):
        stage_store.obtain(tmp_path, "abc", fail)
    assert not (tmp_path / "abc").exists()

    def succeed(path: Path, partial: Path) -> dict[str, float]:
        path.write_bytes(b"whole")
        return {}

    assert stage_store.obtain(tmp_path, "abc", succeed).encoder.read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abc", "abc.lock"]


@pytest.mark.parametrize("name", [stage_store.ENCODER, stage_store.FACTS])
def test_a_damaged_stage_is_computed_anew(name: str, tmp_path) -> None:
    def compute(path: Path, partial: Path) -> dict[str, float]:
        path.write_bytes(b"weights")
        return {"images": 1.0}

    stage_store.obtain(tmp_path, "abc", compute)
    assert not stage_store.obtain(tmp_path, "abc", compute).computed
    (tmp_path / "abc" / name).write_bytes(b"weighty")
    found = stage_store.obtain(tmp_path, "abc", compute)
    assert (found.computed, found.encoder.read_bytes(), found.facts["images"]) == (True, b"weights", 1.0)


CHILD = """
import sys; sys.path.insert(0, {here!r})
from pathlib import Path
from test_contrastive_stage import job, task
from trainables.pipelines import contrastive_stage
contrastive_stage.run_stage(job(Path({store!r}), stage_epochs=400), task(), "simclr", "cpu")
"""


def test_a_killed_stage_is_absent_and_goes_on_where_it_was(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code = CHILD.format(here=str(Path(__file__).parent), store=str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    try:
        deadline = time.monotonic() + 90
        while not list((tmp_path / "stages").glob("*.partial.pt")):
            assert time.monotonic() < deadline
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    assert not list((tmp_path / "stages").glob("*/stage.json"))
    (partial,) = (tmp_path / "stages").glob("*.partial.pt")
    done = len(torch.load(partial, weights_only=True)["history"])
    assert 1 <= done < 400

    def stop(self: PreTraining) -> list[dict[str, float]]:
        raise KeyboardInterrupt(len(self.history))

    monkeypatch.setattr(PreTraining, "run", stop)
    with pytest.raises(KeyboardInterrupt) as raised:
        contrastive_stage.run_stage(job(tmp_path, stage_epochs=400), task(), "simclr", "cpu")
    assert raised.value.args == (done,)


def group_member(rank: int, store: str, directory: str, computed: list[bool]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    stage = contrastive_stage.run_stage(job(Path(directory)), task(), "supcon", "cpu")
    computed[rank] = stage.computed and stage.encoder.exists()
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
def test_a_worker_group_computes_one_stage_together(tmp_path) -> None:
    with mp.Manager() as manager:
        computed = manager.list([False, False])
        mp.start_processes(group_member, args=(str(tmp_path / "store"), str(tmp_path), computed), nprocs=2,
                           start_method="spawn")  # fmt: skip
        assert list(computed) == [True, True]
    assert contrastive_stage.run_stage(job(tmp_path), task(), "supcon", "cpu").computed is False
    (stored,) = (tmp_path / "stages").glob("*/stage.json")
    history = json.loads(stored.read_text())["history"]
    assert [epoch["images"] for epoch in history] == [48 * 2] * 5
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize("pipeline", METHODS)
def test_the_space_adds_the_stage_to_the_fine_tuning_space_and_says_why(pipeline) -> None:
    shared, space = search_spaces.load("ft"), search_spaces.load(pipeline)
    for name, domain in shared.domains.items():
        assert space.domains[name] == domain
    assert {name: space.fixed[name] for name in shared.fixed} == dict(shared.fixed)
    assert space.reason is not None
    assert "ft.yaml" in space.reason
    added = (set(space.domains) | set(space.fixed)) - set(shared.domains) - set(shared.fixed)
    assert added == {f"stage_{name}" for name in contrastive_stage.PARAMETERS}
    recipe = contrastive_stage.stage_recipe(METHODS[pipeline], space.at([0.0] * space.dimensions))
    assert (recipe.temperature, recipe.batch_size, recipe.epochs, recipe.lr) == (0.1, 80, 50, 1e-3)


def test_a_space_without_the_stage_is_refused() -> None:
    with pytest.raises(TrainingError) as raised:
        contrastive_stage.stage_recipe("simclr", {**STAGE, "stage_epochs": 0})
    assert str(raised.value) == "Pre-training cannot use epochs = 0. Correct the recipe."
    with pytest.raises(TrainingError, match="the search space lacks stage_temperature, stage_batch_size"):
        contrastive_stage.stage_recipe("simclr", FINE_TUNING)


def test_a_single_class_has_nothing_to_contrast_with_labels(tmp_path) -> None:
    one = task()
    one = dataclasses.replace(one, classes=("benign",))
    with pytest.raises(TrainingError, match="needs images of two classes or more, got 1"):
        contrastive_stage.run_stage(job(tmp_path), one, "supcon", "cpu")
    assert math.isfinite(contrastive_stage.run_stage(job(tmp_path), one, "simclr", "cpu").facts["seconds"])
