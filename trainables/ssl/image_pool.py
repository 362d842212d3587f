"""The images of a pre-training: some rows of a store, with the names of their lesions and, perhaps, their classes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datasets.base.seeds import rng
from trainables.training.loader import Images
from trainables.training.sampling import epoch_order

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Image `i` is `images[rows[i]]`; `labels[i]` is an index into `classes`, -1 unlabelled; `lesions[i]` "" unknown.

    `digest` names all of it: the same digest, the same images with the same labels.
    """

    images: Images
    rows: Rows
    labels: NDArray[np.int64]
    lesions: tuple[str, ...]
    digest: str
    classes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)


def pairs(pool: Pool, *, positives: str, balanced: bool, seed: int, epoch: int) -> tuple[Rows, Rows]:
    """Positions of the two images of each positive pair, in the order of this epoch.

    `views`: both are the same image, every image once (or drawn balanced over the classes). `lesion` (MICLe, Azizi et
    al. 2021): one pair a lesion, two different images of it where it has several, so that no image of a lesion is
    another's negative because of the sampling.
    """
    if positives == "views":
        if balanced:
            order = epoch_order(pool.labels, balanced=True, seed=seed, epoch=epoch)
        else:
            order = rng(seed, "order", epoch).permutation(len(pool))
        return order, order
    members: dict[str, list[int]] = defaultdict(list)
    for position, lesion in enumerate(pool.lesions):
        members[lesion or f"image {position}"].append(position)
    generator = rng(seed, "lesions", epoch)
    drawn = [generator.permutation(group)[:2] for group in members.values()]
    first = np.array([pair[0] for pair in drawn], dtype=np.int64)
    second = np.array([pair[-1] for pair in drawn], dtype=np.int64)
    order = epoch_order(pool.labels[first], balanced=balanced, seed=seed, epoch=epoch)
    return first[order], second[order]
