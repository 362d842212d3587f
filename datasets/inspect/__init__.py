"""Looking at somebody's folder: which public release it is, or what its tables and folders say about each picture.

Nothing is guessed: what is not understood is left out and told. Nothing is written, and no picture is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.inspect.classes import Classes, classes
from datasets.inspect.division import divide
from datasets.inspect.notes import Notes
from datasets.inspect.own_images import look
from datasets.inspect.releases import Release, releases

__all__ = ["Classes", "Found", "Release", "inspect"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a folder holds: either public `releases`, the largest first, or the owner's own `sets` (`train`, and `test`
    where there is one) in the columns of an `images.csv`, with their `classes`.

    `said`, `careful` and `left_out` are sentences: see `Notes`.
    """

    location: str
    releases: tuple[Release, ...] = ()
    sets: Mapping[str, pd.DataFrame]
    classes: Classes | None = None
    said: tuple[str, ...]
    careful: tuple[str, ...] = ()
    left_out: tuple[str, ...]


def inspect(location: str, answers: Mapping[str, str], image_column: str | None = None) -> Found:
    """Look at a directory or URI; `answers` says what words for diagnoses mean (see `classes`), `image_column` which
    column of a table names the pictures.

    Raises `DataError` where there are no pictures, no two classes, or two columns that could name the pictures; its
    text ends with what was understood until then.
    """
    root = Root(location)
    root.check()
    notes = Notes()
    try:
        return _found(root, answers, image_column, notes)
    except DataError as error:
        raise DataError(f"{error}{notes.so_far()}") from error


def _found(root: Root, answers: Mapping[str, str], image_column: str | None, notes: Notes) -> Found:
    known = releases(root, notes)
    found, sets = None, {}
    if not known:
        images = look(root, image_column, notes)
        found = classes(images["diagnosis"].dropna(), answers)
        sets = divide(images, found, notes.said, notes.left_out)
    return Found(
        location=root.location,
        releases=tuple(known),
        sets={name: table.drop(columns="part") for name, table in sets.items()},
        classes=found,
        said=tuple(notes.said),
        careful=tuple(notes.careful),
        left_out=tuple(notes.left_out),
    )
