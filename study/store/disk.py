"""How much disk a study uses, and for what."""

from __future__ import annotations

import os
from pathlib import Path

from study.store.directory import StudyDirectory


def disk_use(directory: StudyDirectory) -> dict[str, int]:
    """Bytes of each part of a study directory (`trials`, `stages`, `replicates`, …; `other`: its single files), the
    largest first. Files that vanish while they are counted are not counted."""
    found: dict[str, int] = {}
    for entry in _entries(directory.root):
        part = entry.name if entry.is_dir(follow_symlinks=False) else "other"
        found[part] = found.get(part, 0) + _size(entry)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _size(entry: os.DirEntry[str]) -> int:
    if entry.is_dir(follow_symlinks=False):
        return sum(_size(inner) for inner in _entries(Path(entry.path)))
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _entries(where: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(where) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
