"""Honest splits: no lesion and no patient on two sides, and everything random in them from hashed seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.splits.grouping import draw_groups, groups, subsample
from datasets.splits.split import Part, Scheme, Split, assemble
from datasets.splits.split_files import read_files


def make_split(manifest: Manifest, scheme: Scheme, *, index: int, fraction: float) -> Split:
    """Split `index` of a manifest at a training fraction; a pure function of its arguments.

    Validation and test are never subsampled. Raises `DataError` where a part would lack a class.
    """
    if scheme.kind == "manifest":
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
    _check(manifest, labelled, parts, len(set(group)))
    return assemble(manifest, parts)


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


def _check(manifest: Manifest, labelled: pd.DataFrame, parts: Mapping[Part, set[str]], units: int) -> None:
    for part, members in parts.items():
        found = set(labelled["label"][labelled["image_id"].isin(members)])
        lacking = [name for label, name in enumerate(manifest.classes) if label not in found]
        if lacking:
            kept = f"The {len(labelled)} images make {units} groups that stay together (one lesion or patient each)"
            raise DataError(
                f"{manifest.name}: every part of a split has images of every class, but {part} ({len(members)} images) "
                f"has no {lacking[0]!r}. {kept}. Use more images, a larger fraction or another seed; where groups are "
                "few, look whether patient_id and lesion_id are what they say."
            )
