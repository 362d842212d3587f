"""The sources by name. A new one is a module with a `Source`, its rule file, and one line here."""

from __future__ import annotations

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.registry import Registry, nearest
from datasets.base.roots import Root
from datasets.sources.assemble import settle
from datasets.sources.image_lists import listed
from datasets.sources.source import Source
from datasets.sources.sums import with_sums

SOURCES: Registry[Source] = Registry(
    "sources",
    DataError,
    {
        "synthetic": "datasets.sources.synthetic:SOURCE",
        "synthetic_device": "datasets.sources.synthetic:SOURCE",
        "synthetic_clinical": "datasets.sources.synthetic:SOURCE",
        "synthetic_archive": "datasets.sources.synthetic:SOURCE",
        "synthetic_smartphone": "datasets.sources.synthetic:SOURCE",
        "synthetic_large": "datasets.sources.synthetic:SOURCE",
        "synthetic_pool": "datasets.sources.synthetic:SOURCE",
        "isic2019": "datasets.sources.isic2019:SOURCE",
        "isic2020": "datasets.sources.isic2020:SOURCE",
        "derm7pt_dermoscopic": "datasets.sources.derm7pt:SOURCE",
        "derm7pt_clinical": "datasets.sources.derm7pt:SOURCE",
        "pad_ufes_20": "datasets.sources.pad_ufes_20:SOURCE",
        "ham10000": "datasets.sources.ham10000:SOURCE",
        "isic2018": "datasets.sources.isic2018:SOURCE",
        "isic_archive": "datasets.sources.isic_archive:SOURCE",
        "fitzpatrick17k": "datasets.sources.fitzpatrick17k:SOURCE",
        "ddi": "datasets.sources.ddi:SOURCE",
        "isic2024": "datasets.sources.isic2024:SOURCE",
        "milk10k": "datasets.sources.milk10k:SOURCE",
        "bcn20000": "datasets.sources.bcn20000:SOURCE",
        "derm12345": "datasets.sources.derm12345:SOURCE",
        "hiba": "datasets.sources.hiba:SOURCE",
        "folder": "datasets.sources.own:SOURCE",
        "csv": "datasets.sources.own:SOURCE",
        "indexed": "datasets.sources.indexed:SOURCE",
    },
)


def names() -> list[str]:
    """Names of all sources, sorted."""
    return sorted(SOURCES)


def load(ref: DataRef) -> Manifest:
    """The manifest that `ref` names: one row for each image that is there.

    Raises `DataError` for a source or task that nobody knows (with the nearest name), for a copy that lacks part of the
    official release (unless `ref.allow_missing`), and whatever the source's own module finds wrong with the files.
    """
    manifest = catalogue(ref)
    if manifest.root is None:
        return manifest
    return with_sums(settle(manifest, ref, SOURCES.get(ref.source).content), Root(manifest.root))


def catalogue(ref: DataRef) -> Manifest:
    """All images that the tables of this source list, whether or not they are there (`path` is "" where not).

    For audits by id, which need no image. Raises `DataError` as `load` does, but never for missing images.
    """
    if ref.source not in SOURCES:
        raise DataError(f"A source is one of the known ones, got {ref.source!r}: {nearest(ref.source, SOURCES)}.")
    return listed(SOURCES.get(ref.source).load(ref), ref)
