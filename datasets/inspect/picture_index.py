"""The pictures below a root, and which of them a cell of somebody's table means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from datasets.sources.own import ENDINGS
from datasets.splits.split_files import plain_id


def is_picture(path: str) -> bool:
    """Whether a file's ending is that of a picture."""
    return path.rpartition(".")[2].lower() in ENDINGS


class PictureIndex:
    """Pictures by everything that a table may call them: path, a path of another machine, name, stem; in any case.

    A name that several pictures have means none of them.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, str | None] = {}
        for path in paths:
            for name in set(_names(path)):
                self._by_name[name] = None if name in self._by_name else path

    def match(self, column: pd.Series) -> pd.Series:
        """Path of the picture that each cell means; null where it means none."""
        found = {value: self._one(value) for value in column.dropna().unique()}
        return column.map(found).astype(object).where(lambda paths: paths.notna(), None)

    def _one(self, value: str) -> str | None:
        return next((self._by_name[name] for name in _names(str(value)) if self._by_name.get(name)), None)


def _names(path: str) -> Iterator[str]:
    """From the whole path to its last part, each with and without ending; then the name without `_downsampled`."""
    parts = path.strip().replace("\\", "/").lower().split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name:
            yield name
            if is_picture(name):
                yield name.rpartition(".")[0]
    if parts[-1]:
        yield plain_id(parts[-1])
