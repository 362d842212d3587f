"""Duplicates as a person would find them: pictures cropped, mirrored, turned, squeezed, re-lit or coded anew.

Two stages: candidates from features that such a copy keeps, then one affine transform that must explain the pixels.
"""

from __future__ import annotations

from datasets.duplicates.between import COLUMNS, Comparison

__all__ = ["COLUMNS", "Comparison"]
