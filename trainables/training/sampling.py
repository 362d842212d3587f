"""Which images make up an epoch's batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.base.seeds import rng
from trainables.job import TrainingError

Rows = NDArray[np.int64]
LEAST = 2  # images of a batch on one worker: batch norm cannot use fewer


def epoch_order(labels: NDArray[np.int64], *, balanced: bool, seed: int, epoch: int) -> Rows:
    """Positions [n] in drawing order: each image once, or n draws balanced over the classes."""
    generator = rng(seed, "order", epoch)
    if not balanced:
        return generator.permutation(len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    weight = np.zeros(int(labels.max()) + 1)
    weight[classes] = 1.0 / (len(classes) * counts)
    return generator.choice(len(labels), size=len(labels), p=weight[labels])


def groups(order: Rows, batch_size: int, workers: int = 1) -> list[Rows]:
    """The order cut into batches; `batch_size` counts the images of one update over all workers.

    A last batch that leaves a worker with fewer than two images is left out; worker r takes `batch[r::workers]`, so
    that all have equally many batches and none waits for ever. Raises `TrainingError` when no batch is left.
    """
    cut = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    batches = [batch for batch in cut if len(batch) >= LEAST * workers]
    if not batches:
        raise TrainingError(
            f"Every worker needs {LEAST} images of a batch, got {len(order)} images in batches of {batch_size} for "
            f"{workers} workers. Use larger batches, more images or fewer workers."
        )
    return batches
