"""Looking at somebody's folder: which public release it is, or what its tables and folders say about each picture.

Nothing is guessed: what is not understood is left out and told. Nothing is written, and no picture is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from datasets.base.roots import Root
from datasets.inspect.classes import Classes, classes
from datasets.inspect.division import divide
from datasets.inspect.own_images import look
from datasets.inspect.releases import Release, releases

__all__ = ["Classes", "Found", "Release", "inspect"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a folder holds: either public `releases`, the largest first, or the owner's own `sets` (`train`, and `test`
    where there is one) in the columns of an `images.csv`, with their `classes`.

    `said` are sentences about what was understood, `left_out` about what was not taken and why.
    """

    location: str
    releases: tuple[Release, ...] = ()
    sets: Mapping[str, pd.DataFrame]
    classes: Classes | None = None
    said: tuple[str, ...]
    left_out: tuple[str, ...]


def inspect(location: str, answers: Mapping[str, str]) -> Found:
    """Look at a directory or URI; `answers` says what words for diagnoses mean (see `classes`).

    Raises `DataError` where there are no pictures or no two classes.
    """
    root = Root(location)
    root.check()
    left_out: list[str] = []
    known = releases(root, left_out)
    if known:
        return Found(location=location, releases=tuple(known), sets={}, said=(), left_out=tuple(left_out))
    images = look(root)
    found = classes(images.table["diagnosis"].dropna(), answers)
    left_out += images.left_out
    sets = divide(images.table, found, images.said, left_out)
    columns = [name for name in images.table.columns if name != "part"]
    return Found(
        location=location,
        sets={name: table[columns] for name, table in sets.items()},
        classes=found,
        said=tuple(images.said),
        left_out=tuple(left_out),
    )
