"""In how many parts a batch runs that does not fit: alone, and agreed upon in a group whose workers differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tests.trainables.small_jobs import compute_in_float32
from tests.trainables.training.test_step import CPU, Net, batch
from trainables.job import TrainingError
from trainables.training.microbatching import more_parts, parts_that_fit
from trainables.training.step import Stepper, wrap

FULL = torch.OutOfMemoryError("too large")


def test_parts_double_while_each_keeps_two_images() -> None:
    assert more_parts(1, 12, CPU, FULL) == 2
    assert more_parts(4, 12, CPU, FULL) == 6
    with pytest.raises(TrainingError, match="Not even 2 images fit on cpu: use smaller ones or a smaller network"):
        more_parts(6, 12, CPU, FULL)


def test_a_short_batch_is_cut_as_far_as_a_long_one() -> None:
    """Where two images fit, a last batch of three runs as two and one."""
    net = Net(fits=2)
    stepper = Stepper(net, torch.optim.SGD(net.parameters(), lr=0.1), CPU)
    stepper.step(*batch(8))
    net.sizes.clear()
    stepper.step(*batch(3))
    assert net.sizes == [2, 1]


def test_one_process_need_not_ask() -> None:
    assert parts_that_fit(Net(fits=0), 12, 10, CPU) == 1


def worker(rank: int, directory: str, fits: list[int]) -> None:
    torch.set_num_threads(1)
    compute_in_float32()
    dist.init_process_group("gloo", init_method=f"file://{directory}/meeting", rank=rank, world_size=2)
    net = Net(fits[rank])
    found: dict = {}
    try:
        parts = parts_that_fit(net, 11, 10, CPU)
        net.sizes.clear()
        model = wrap(net, CPU)
        stepper = Stepper(model, torch.optim.SGD(model.parameters(), lr=0.1), CPU, parts=parts)
        for seed in range(2):
            images, labels = batch(11, seed)
            stepper.step(images[rank::2], labels[rank::2], whole=11)
        found = {"parts": parts, "sizes": net.sizes, "weights": [value.tolist() for value in net.parameters()]}
        net.fits = 0 if rank else 1000
        stepper.step(images[rank::2], labels[rank::2], whole=11)
    except (TrainingError, OSError) as error:
        found["error"] = f"{type(error).__name__}: {error}"
    except RuntimeError:  # the other one has left
        found["error"] = "left alone"
    finally:
        Path(directory, f"{rank}.json").write_text(json.dumps(found))
        dist.destroy_process_group()


def group(directory: Path, fits: list[int]) -> list[dict]:
    mp.spawn(worker, (str(directory), fits), nprocs=2)
    return [json.loads((directory / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.usefixtures("float32")
def test_a_group_takes_the_parts_of_its_neediest_worker(tmp_path: Path) -> None:
    """Batches of 11: the workers have 6 and 5 images, whose parts are equally many."""
    found = group(tmp_path, [1000, 3])
    assert [one["parts"] for one in found] == [2, 2]
    assert [one["sizes"][:4] for one in found] == [[3, 3, 3, 3], [3, 2, 3, 2]]
    net = Net()
    stepper = Stepper(net, torch.optim.SGD(net.parameters(), lr=0.1), CPU)
    for seed in range(2):
        stepper.step(*batch(11, seed))
    for one in found:
        for ours, alone in zip(one["weights"], net.parameters(), strict=True):
            assert torch.allclose(torch.tensor(ours), alone, atol=1e-5)
    assert found[1]["error"].endswith(
        "cpu ran out of memory, though a batch had fitted on trial: does another process use it?"
    )


def test_what_fits_in_the_smallest_parts_is_found(tmp_path: Path) -> None:
    found = group(tmp_path, [2, 1000])
    assert [one["parts"] for one in found] == [3, 3]
    assert [one["sizes"][:3] for one in found] == [[2, 2, 2], [2, 2, 1]]


def test_what_fits_nowhere_fails_on_every_worker(tmp_path: Path) -> None:
    found = group(tmp_path, [1000, 0])
    assert [one["error"] for one in found] == 2 * [
        "TrainingError: Not even 2 images fit on cpu: use smaller ones or a smaller network."
    ]
