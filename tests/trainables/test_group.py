"""Two processes train one job as one process does, with batches that do not divide evenly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tests.trainables import small_jobs
from trainables.training import checkpoint

CHANGES = {"epochs": 2, "batch_size": 10, "freeze_bn": True, "objective": "val_loss", "augmentation": "published"}


def worker(rank: int, directory: str) -> None:
    torch.set_num_threads(1)
    small_jobs.compute_in_float32()
    dist.init_process_group("gloo", init_method=f"file://{directory}/meeting", rank=rank, world_size=2)
    try:
        small_jobs.fine_tune(small_jobs.job(f"{directory}/two", **CHANGES), small_jobs.task(validation=25))
    finally:
        dist.destroy_process_group()


@pytest.mark.usefixtures("float32")
def test_two_workers_train_as_one(tmp_path: Path) -> None:
    """45 images in batches of 10: the last has 5, 3 for one worker and 2 for the other. Batch norm is frozen, because
    on CPUs each worker would normalise its own share."""
    mp.spawn(worker, (str(tmp_path),), nprocs=2)
    alone = small_jobs.fine_tune(small_jobs.job(tmp_path / "one", **CHANGES), small_jobs.task(validation=25))
    found = checkpoint.load(tmp_path / "two" / "last.pt")
    for one, two in zip(alone, found["history"]["epochs"], strict=True):
        assert two["images"] == one["images"]
        assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-5)
        assert two["val_loss"] == pytest.approx(one["val_loss"], abs=1e-5)
        assert two["val_auc"] == pytest.approx(one["val_auc"], abs=1e-2)
    one = checkpoint.load(tmp_path / "one" / "last.pt")["model"]
    for name, value in found["model"].items():
        assert torch.allclose(value.float(), one[name].float(), atol=1e-4), name
