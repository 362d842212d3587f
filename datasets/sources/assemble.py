"""From a release's columns to a manifest, and what to do about a copy that is not whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef, Manifest
from datasets.labels.tasks import Task


def assemble(ref: DataRef, task: Task, columns: Mapping[str, pd.Series | str | None]) -> Manifest:
    """The manifest of every image that a release's tables list, sorted by id and labelled by the task.

    `columns` gives those of `COLUMNS` that the source knows, without `label`; the others are null. `path` is "" for an
    image that is listed but not there. Images without a diagnosis get label -1.
    """
    table = pd.DataFrame({name: columns.get(name) for name in COLUMNS}, index=_index(columns))
    nameless = table["image_id"].isna() | (table["image_id"] == "")
    if nameless.any():
        raise DataError(f"{ref.source}: every row names an image, but {int(nameless.sum())} do not. Correct the table.")
    known = table["diagnosis"].notna()
    table["label"] = -1
    table.loc[known, "label"] = task.label(table["diagnosis"][known])
    table["label"] = table["label"].astype("int64")
    table["age"] = table["age"].astype("float64")
    for name in COLUMNS:
        if name not in ("label", "age"):
            table[name] = table[name].astype(object).where(table[name].notna(), None)
    unlabelled = int((~known).sum())
    return Manifest(
        name=ref.source,
        root=ref.root,
        table=table.sort_values("image_id", ignore_index=True),
        classes=tuple(task.classes),
        notes=(f"{unlabelled} images have no diagnosis and so no label.",) if unlabelled else (),
    )


def settle(manifest: Manifest, ref: DataRef, rules: Mapping[str, Any]) -> Manifest:
    """The manifest of the images that are there, once the copy has been compared with the release in the `rules`.

    Raises `DataError` for a copy that lacks images or rows of the release (saying how many) unless `allow_missing`
    accepts it: then `partial` is true and a note says how partial. A copy without any image is always an error.
    """
    manifest = replace(manifest, together=tuple(map(tuple, rules.get("same_lesion", ()))))
    there = manifest.table["path"] != ""
    lacking = _lacking(manifest, there, rules.get("release"))
    if not there.any():
        raise DataError(
            f"{manifest.name}: a root holds images, but none of the {len(manifest)} that its tables list is below "
            f"{manifest.root!r}. Correct the root, or audit ids alone with `study data audit`."
        )
    if not lacking:
        return manifest
    what = "; ".join(lacking)
    if not ref.allow_missing:
        raise DataError(
            f"{manifest.name}: a data set is complete, but in {manifest.root!r} {what}. Complete the copy, or accept a "
            "partial one with allow_missing: true."
        )
    kept = manifest.where(there, f"partial copy of {manifest.name}: {what}.")
    return replace(kept, partial=True)


def _lacking(manifest: Manifest, there: pd.Series, release: Mapping[str, object] | None) -> list[str]:
    found: list[str] = []
    absent = manifest.table["image_id"][~there]
    if len(absent):
        found.append(f"{len(absent)} of {len(manifest)} listed images are missing (the first: {absent.iloc[0]})")
    if release is None:
        return found
    official = int(str(release["images"]))
    if len(manifest) != official:
        found.append(f"the tables list {len(manifest)} images where the official release has {official}")
    counts = manifest.table["diagnosis"].value_counts()
    expected = release["diagnoses"]
    assert isinstance(expected, Mapping)
    odd = [
        f"{counts.get(word, 0)} of {count} {word}" for word, count in expected.items() if counts.get(word, 0) != count
    ]
    if odd:
        found.append("by diagnosis they list " + ", ".join(odd))
    return found


def _index(columns: Mapping[str, pd.Series | str | None]) -> pd.Index:
    ids = columns["image_id"]
    assert isinstance(ids, pd.Series)
    return ids.index
