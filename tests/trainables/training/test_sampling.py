from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.job import TrainingError
from trainables.training.sampling import epoch_order, groups


@given(st.integers(2, 300), st.integers(2, 70), st.integers(1, 4))
def test_all_workers_get_equally_many_batches_of_two_images_or_more(count: int, size: int, workers: int) -> None:
    order = np.arange(count)
    if min(count, size) < 2 * workers:
        with pytest.raises(TrainingError, match="Every worker needs 2 images"):
            groups(order, size, workers)
        return
    batches = groups(order, size, workers)
    shares = [[len(batch[rank::workers]) for rank in range(workers)] for batch in batches]
    assert all(min(share) >= 2 and max(share) - min(share) <= 1 for share in shares)
    used = np.concatenate(batches)
    assert (used == order[: len(used)]).all()
    assert count - len(used) < 2 * workers


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_an_unbalanced_epoch_is_every_image_once(seed: int, epoch: int) -> None:
    labels = np.arange(37) % 3
    order = epoch_order(labels, balanced=False, seed=seed, epoch=epoch)
    assert sorted(order) == list(range(37))
    assert (order == epoch_order(labels, balanced=False, seed=seed, epoch=epoch)).all()


def test_epochs_and_seeds_differ() -> None:
    labels = np.zeros(50, dtype=np.int64)
    orders = {tuple(epoch_order(labels, balanced=False, seed=s, epoch=e)) for s in range(3) for e in range(3)}
    assert len(orders) == 9


def test_a_balanced_epoch_draws_the_classes_equally_often() -> None:
    labels = (np.arange(20_000) < 400).astype(np.int64)
    order = epoch_order(labels, balanced=True, seed=1, epoch=1)
    assert len(order) == 20_000
    assert labels[order].mean() == pytest.approx(0.5, abs=0.02)  # 5 standard errors
    rare = np.bincount(order[labels[order] == 1], minlength=400)[:400]
    assert rare.min() > 0
