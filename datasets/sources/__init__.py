"""The sources by name. A new one is a module with `load(ref) -> Manifest`, a rule file, and one line here.

A module's `load` gives every image that the release's tables list, those that this copy lacks with an empty path.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from importlib import import_module

import numpy as np

from datasets.base.manifest import DataError, DataRef, Manifest

_MODULES = {
    "synthetic": "synthetic",
    "synthetic_device": "synthetic",
    "synthetic_clinical": "synthetic",
    "synthetic_archive": "synthetic",
    "synthetic_smartphone": "synthetic",
    "synthetic_pool": "synthetic",
    "isic2019": "isic2019",
    "isic2020": "isic2020",
    "derm7pt_dermoscopic": "derm7pt",
    "derm7pt_clinical": "derm7pt",
    "pad_ufes_20": "pad_ufes_20",
    "folder": "own",
    "csv": "own",
}


def names() -> list[str]:
    """Names of all sources, sorted."""
    return sorted(_MODULES)


def load(ref: DataRef) -> Manifest:
    """The manifest that `ref` names: one row for each image that is there.

    Raises `DataError` for a source or task that nobody knows (with the nearest name), for a copy that lacks part of the
    official release (unless `ref.allow_missing`), and whatever the source's own module finds wrong with the files.
    """
    manifest = catalogue(ref)
    if manifest.root is None:
        return manifest
    from datasets.base.roots import Root
    from datasets.sources.assemble import settle
    from datasets.sources.sums import with_sums

    return with_sums(settle(manifest, ref, _MODULES[ref.source]), Root(manifest.root))


def catalogue(ref: DataRef) -> Manifest:
    """All images that the tables of this source list, whether or not they are there (`path` is "" where not).

    For audits by id, which need no image. Raises `DataError` as `load` does, but never for missing images.
    """
    if ref.source not in _MODULES:
        raise DataError(f"A source is one of the known ones, got {ref.source!r}: {nearest(ref.source, _MODULES)}.")
    manifest: Manifest = import_module(f"datasets.sources.{_MODULES[ref.source]}").load(ref)
    return manifest


def reader(manifest: Manifest) -> Callable[[int], np.ndarray]:
    """A function from a row of `manifest.table` to its pixels: uint8, height × width × 3, RGB, in native size.

    It raises `BadImage` (a `DataError`) for a file that is no sound picture.
    """
    from datasets.cache.reading import open_reader

    read = open_reader(manifest)
    return lambda row: read(row).pixels


def nearest(value: str, known: Iterable[str]) -> str:
    """`the nearest is 'x'`, and the list of what is known, for the message of an error about an unknown name."""
    options = sorted(known)
    near = difflib.get_close_matches(value, options, n=1, cutoff=0.0)
    return f"the nearest is {near[0]!r}; known: {', '.join(options)}" if near else "none are known"
