"""Images, labels and honest splits: manifests of public sources (and your own), splits, audit, decoded cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets.base.manifest import DataRef, Manifest

PROJECT = "skin-lesion-study"  # Hugging Face's package of the same name lacks it: see trainables/datasets_package.py


def load(ref: DataRef) -> Manifest:
    """The manifest that `ref` names. Raises `DataError` for an unknown source or task, and for missing files."""
    from datasets import sources

    return sources.load(ref)
