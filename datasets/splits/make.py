"""Honest splits: no lesion and no patient on two sides, and everything random in them from hashed seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import gammaln

from datasets.base.manifest import DataError, Manifest
from datasets.splits.grouping import draw_groups, groups, subsample

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
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".draft")
        draft.write_text(self._text())
        draft.replace(path)

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


def make_split(manifest: Manifest, scheme: Scheme, *, index: int, fraction: float) -> Split:
    """Split `index` of a manifest at a training fraction; a pure function of its arguments.

    Validation and test are never subsampled. Raises `DataError` where a part would lack a class.
    """
    if scheme.kind == "manifest":
        from datasets.splits.split_files import read_files

        return read_files(manifest, scheme, index=index, fraction=fraction)
    labelled = manifest.table[manifest.table["label"] >= 0].reset_index(drop=True)
    labels, ids = labelled["label"].to_numpy(), labelled["image_id"].to_numpy()
    group = groups(labelled, manifest.together)
    test = draw_groups(labels, group, scheme.test, (scheme.seed, "test"))
    seen: set[frozenset[str]] = set()
    for turn in range(0 if _may_repeat(labels, fraction) else index, index + 1):
        share = scheme.validation / (1 - scheme.test)
        rest = ~test
        validation = test.copy()
        validation[rest] = draw_groups(labels[rest], group[rest], share, (scheme.seed, "validation", turn))
        validation &= rest
        train = rest & ~validation
        chosen = _distinct(labels[train], ids[train], scheme, turn, fraction, seen)
        seen.add(frozenset(chosen))
    parts: dict[Part, set[str]] = {"validation": set(ids[validation]), "test": set(ids[test]), "train": set(chosen)}
    _check(manifest, labelled, parts)
    return assemble(manifest, parts)


def assemble(manifest: Manifest, parts: Mapping[Part, set[str]], notes: tuple[str, ...] = ()) -> Split:
    """The split that puts these image ids into these parts and leaves all other images of the manifest out."""
    table = manifest.table[["image_id"]].copy()
    part_of = {image_id: part for part, members in parts.items() for image_id in members}
    table["part"] = [part_of.get(image_id, "") for image_id in table["image_id"]]
    return Split(table, notes)


def _may_repeat(labels: np.ndarray, fraction: float) -> bool:
    """Whether two stratified subsamples could be the same by chance: fewer than 10^15 are possible."""
    if fraction == 1:
        return False
    sizes = np.unique(labels, return_counts=True)[1]
    chosen = sizes * fraction
    possible = gammaln(sizes + 1) - gammaln(chosen + 1) - gammaln(sizes - chosen + 1)
    return bool(possible.sum() < np.log(1e15))


def _distinct(
    labels: Any, ids: Any, scheme: Scheme, index: int, fraction: float, seen: set[frozenset[str]]
) -> list[str]:
    for attempt in range(100):
        key: tuple[object, ...] = (scheme.seed, "subsample", index, attempt)
        key = key if scheme.nested else (*key, f"{fraction:g}")
        chosen = [str(image_id) for image_id in subsample(labels, ids, fraction, key)]
        if fraction == 1 or frozenset(chosen) not in seen:
            return chosen
    raise DataError(
        f"Subsamples are distinct, but {len(ids)} training images have no {len(seen) + 1} distinct ones at fraction "
        f"{fraction:g}. Ask for fewer or larger ones."
    )


def _check(manifest: Manifest, labelled: pd.DataFrame, parts: Mapping[Part, set[str]]) -> None:
    for part, members in parts.items():
        found = set(labelled["label"][labelled["image_id"].isin(members)])
        lacking = [name for label, name in enumerate(manifest.classes) if label not in found]
        if lacking:
            raise DataError(
                f"{manifest.name}: every part of a split has images of every class, but {part} ({len(members)} images) "
                f"has no {lacking[0]!r}. Use more images, a larger fraction or another seed."
            )
