"""The sources by name. A new one is a module with `load(ref) -> Manifest`, a rule file, and one line here.

A module's `load` gives every image that the release's tables list, those that this copy lacks with an empty path.
"""

from __future__ import annotations

from importlib import import_module

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.registry import nearest
from datasets.base.roots import Root
from datasets.sources.assemble import settle
from datasets.sources.sums import with_sums

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
    return with_sums(settle(manifest, ref, _MODULES[ref.source]), Root(manifest.root))


def catalogue(ref: DataRef) -> Manifest:
    """All images that the tables of this source list, whether or not they are there (`path` is "" where not).

    For audits by id, which need no image. Raises `DataError` as `load` does, but never for missing images.
    """
    if ref.source not in _MODULES:
        raise DataError(f"A source is one of the known ones, got {ref.source!r}: {nearest(ref.source, _MODULES)}.")
    manifest: Manifest = import_module(f"datasets.sources.{_MODULES[ref.source]}").load(ref)
    return manifest
