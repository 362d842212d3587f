"""What every source must pass."""

from __future__ import annotations

import pytest

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef
from datasets.labels.tasks import parse
from datasets.sources import SOURCES


def check_rules(name: str) -> None:
    """Its rules hold at least one task, and every task parses."""
    tasks = SOURCES.get(name).content["tasks"]
    assert tasks
    for task in tasks:
        assert len(parse(SOURCES.get(name).content, name, task).classes) >= 2


def check_source(ref: DataRef) -> None:
    """A small copy of its release gives a sound manifest, the same each time, and an unknown task is refused."""
    manifest = datasets.load(ref)
    assert manifest.name == ref.source
    assert tuple(manifest.table.columns) == COLUMNS
    assert manifest.table["image_id"].is_unique
    assert manifest.table["image_id"].is_monotonic_increasing
    assert manifest.table["label"].between(-1, len(manifest.classes) - 1).all()
    assert datasets.load(ref).digest == manifest.digest
    with pytest.raises(DataError):
        datasets.load(DataRef(source=ref.source, root=ref.root, task="no such task", allow_missing=ref.allow_missing))
