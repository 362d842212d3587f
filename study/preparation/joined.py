"""Images that look the same stay on one side of a study's splits, whatever their lesion ids say."""

from __future__ import annotations

import json
from dataclasses import replace

from datasets.base.atomic_files import write_json
from datasets.base.manifest import Manifest
from datasets.cache.store import ImageStore
from datasets.duplicates import Comparison
from study.spec.data_sources import SplitFiles
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory

Joined = tuple[tuple[str, ...], ...]


def with_joined(spec: StudySpec, manifest: Manifest, store: ImageStore | None) -> Manifest:
    """The training source with the pairs that its decoded images show, before a study has begun."""
    if store is None or isinstance(spec.train.splits, SplitFiles):
        return manifest
    return _with(manifest, _found(store, Comparison(spec.cache_side)))


def as_begun(
    spec: StudySpec, directory: StudyDirectory, manifest: Manifest, store: ImageStore, comparison: Comparison
) -> Manifest:
    """The training source with the pairs that this study joined when its splits were first drawn.

    They are recorded before the splits, because another version of the search may find others. A study that began
    before pairs were joined has no record, and keeps its splits.
    """
    if isinstance(spec.train.splits, SplitFiles):
        return manifest
    if directory.joined.exists():
        return _with(manifest, tuple(map(tuple, json.loads(directory.joined.read_text()))))
    if directory.manifests.exists() or (directory.root / "splits").exists():
        return manifest
    found = _found(store, comparison)
    if found:
        write_json(directory.joined, [list(pair) for pair in found])
    return _with(manifest, found)


def _found(store: ImageStore, comparison: Comparison) -> Joined:
    pairs = comparison.between(store, store)
    return tuple(sorted(zip(pairs["image_id"], pairs["other_id"], strict=True)))


def _with(manifest: Manifest, joined: Joined) -> Manifest:
    return replace(manifest, together=(*manifest.together, *joined))
