"""Where the tables and pictures of a release lie: in the official place, or where archives and mirrors put them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import pandas as pd

from datasets.base.roots import Root
from datasets.sources.csv_tables import read_header, read_table


@dataclass(frozen=True)
class TableFile:
    """A table by its file names (patterns such as `*metadata*.csv`, the preferred one first) and required columns.

    The columns tell releases apart whose tables have one name (`metadata.csv`, `train.csv`).
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]

    def find(self, root: Root) -> str | None:
        """Path of the table relative to the root, in any folder, whatever the case of its name; None where none is."""
        return next((path for path in self._named(root) if set(self.columns) <= set(read_header(root, path))), None)

    def read(self, root: Root) -> pd.DataFrame:
        """The table as text. Raises `DataError` as `read_table` does, about the nearest thing that is there."""
        path = self.find(root) or next(iter(self._named(root)), self.names[0])
        return read_table(root, path, self.columns)

    def _named(self, root: Root) -> list[str]:
        """Files of these names: by preference, then by depth."""
        found: list[tuple[int, int, str]] = []
        for path in root.walk():
            name = path.rpartition("/")[2].lower()
            ranks = [rank for rank, pattern in enumerate(self.names) if fnmatchcase(name, pattern.lower())]
            found += [(ranks[0], path.count("/"), path)] if ranks else []
        return [path for _, _, path in sorted(found)]


def paths_of(root: Root, folder: str, endings: tuple[str, ...]) -> dict[str, str]:
    """File name without its ending -> path relative to the root, of all files with one of these endings.

    Where a name is there twice, the file below a folder named `folder` counts: mirrors nest the official folders, and
    people keep resized copies beside them.
    """
    found: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    for path in root.walk():
        stem, _, ending = path.rpartition("/")[2].rpartition(".")
        if ending.lower() in endings:
            official = not folder or folder.lower() in path.lower().split("/")[:-1]
            (found if official else elsewhere).setdefault(stem, path)
    return {**elsewhere, **found}
