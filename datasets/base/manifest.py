"""The manifest: one row per image of a source, in columns that every source shares."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from datasets.base.errors import DataError

OnBadImage = Literal["fail", "skip"]

COLUMNS = (
    "image_id",  # str, unique within the source
    "path",  # str, relative to the root; "" where the image is drawn rather than read
    "lesion_id",  # str or null
    "patient_id",  # str or null
    "label",  # int: index into `classes`; -1 where the task leaves the image out or the pool is unlabelled
    "diagnosis",  # str or null, in the source's own words
    "age",  # float years or null
    "sex",  # "male", "female" or null
    "site",  # str or null
    "skin_tone",  # str (Fitzpatrick "I".."VI", or "I-II" where a source says no more) or null
    "modality",  # "dermoscopic", "clinical" or null
    "sha256",  # str or null: digest of the file's bytes, filled when the files are read
)


@dataclass(frozen=True, kw_only=True)
class DataRef:
    """What names a data set: enough for any process on any node to load the same manifest. Plain and JSON-able.

    `leave_out` and `keep_only` are files that list images (`datasets.sources.image_lists`).
    """

    source: str
    root: str | None = None
    task: str = "melanoma"
    allow_missing: bool = False
    on_bad_image: OnBadImage = "fail"
    leave_out: tuple[str, ...] = ()
    keep_only: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "leave_out", tuple(self.leave_out))  # JSON has lists


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The images of one source under one task.

    `table` holds `COLUMNS`, sorted by `image_id`; `classes` names the labels, the positive class last for two-class
    tasks; `notes` says in sentences what is partial, skipped or left out; `partial` is true for a copy that lacks
    images of the official release; `together` names images that show one lesion although their lesion ids differ.
    """

    name: str
    root: str | None
    table: pd.DataFrame
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    partial: bool = False
    together: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if tuple(self.table.columns) != COLUMNS:
            raise DataError(f"{self.name}: a manifest has the columns {COLUMNS}, got {tuple(self.table.columns)}.")
        repeated = self.table["image_id"][self.table["image_id"].duplicated()]
        if len(repeated):
            files = ", ".join(self.table["path"][self.table["image_id"] == repeated.iloc[0]])
            raise DataError(
                f"{self.name}: image ids are unique, but {repeated.iloc[0]!r} appears again (files: {files}). Remove "
                "the copy."
            )

    def __len__(self) -> int:
        return len(self.table)

    def where(self, keep: pd.Series | list[bool], note: str | None = None) -> Manifest:
        """The same manifest with only the rows where `keep` is true, and `note` added to what is known about it."""
        notes = self.notes if note is None else (*self.notes, note)
        return replace(self, table=self.table[keep].reset_index(drop=True), notes=notes)

    @cached_property
    def digest(self) -> str:
        """Hex sha256 (16 digits) over classes and rows: the same images with the same labels give the same digest."""
        rows = self.table.to_csv(index=False, lineterminator="\n")
        return hashlib.sha256(f"{self.classes}\n{rows}".encode()).hexdigest()[:16]
