"""What a split is: the scheme that asks for one, and the part that each image of a manifest is in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from datasets.base.atomic_files import write_text
from datasets.base.errors import DataError
from datasets.base.manifest import Manifest

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How a manifest is split.

    `lesion_disjoint`: the test part is fixed by `seed` alone; every index divides the rest anew into training and
    validation (index 0 is the split of the search). `validation` and `test` are shares of the labelled images.
    `manifest`: `files` maps `train` to {fraction: path with `{index}`}, `validation` and `test` to paths; index picks
    subsample `index % subsamples + 1`.
    """

    kind: Literal["lesion_disjoint", "manifest"] = "lesion_disjoint"
    seed: int = 0
    validation: float = 0.15
    test: float = 0.2
    subsamples: int = 5
    nested: bool = False
    files: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Split:
    """Which part each image of a manifest is in.

    `table` has the columns `image_id` and `part` (`train`, `validation`, `test`, or empty for images that this split
    leaves out), sorted by `image_id`.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) over the rows."""
        return hashlib.sha256(self._text().encode()).hexdigest()[:16]

    def ids(self, part: Part) -> list[str]:
        """Image ids of a part, sorted."""
        return list(self.table["image_id"][self.table["part"] == part])

    def write(self, path: Path | str) -> None:
        """Write the split as CSV, atomically, so that another team can use exactly this one."""
        write_text(Path(path), self._text())

    @staticmethod
    def read(path: Path | str) -> Split:
        """The split that `write` wrote. Raises `DataError` for another kind of file."""
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise DataError(f"A split is a CSV with columns image_id,part; {path} cannot be read: {error}") from error
        if list(table.columns) != ["image_id", "part"] or not set(table["part"]) <= {*PARTS, ""}:
            raise DataError(f"A split has the columns image_id,part and the parts {PARTS}, got another file: {path}.")
        return Split(table)

    def _text(self) -> str:
        return self.table.to_csv(index=False, lineterminator="\n")


def assemble(manifest: Manifest, parts: Mapping[Part, set[str]], notes: tuple[str, ...] = ()) -> Split:
    """The split that puts these image ids into these parts and leaves all other images of the manifest out."""
    table = manifest.table[["image_id"]].copy()
    part_of = {image_id: part for part, members in parts.items() for image_id in members}
    table["part"] = [part_of.get(image_id, "") for image_id in table["image_id"]]
    return Split(table, notes)
