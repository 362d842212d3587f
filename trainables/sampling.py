"""Which images make up an epoch's batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.seeds import rng

Rows = NDArray[np.int64]


def epoch_order(labels: NDArray[np.int64], *, balanced: bool, seed: int, epoch: int) -> Rows:
    """Positions [n] in drawing order: each image once, or n draws balanced over the classes."""
    generator = rng(seed, "order", epoch)
    if not balanced:
        return generator.permutation(len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    weight = np.zeros(int(labels.max()) + 1)
    weight[classes] = 1.0 / (len(classes) * counts)
    return generator.choice(len(labels), size=len(labels), p=weight[labels])


def groups(order: Rows, batch_size: int) -> list[Rows]:
    """The order cut into batches; a last batch of a single image, which batch norm cannot use, is left out."""
    cut = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return cut[:-1] if len(cut) > 1 and len(cut[-1]) < 2 else cut
