"""How much disk a study uses, and for what."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from study.base.errors import MachineError
from study.store.directory import StudyDirectory

LEAST_FREE = 256 * 2**20  # bytes: the checkpoints of a few small networks, or the drafts of a large one


def require_space(directory: StudyDirectory) -> None:
    """Raise `MachineError` where the disk of a study directory is all but full, before anything starts."""
    free = shutil.disk_usage(directory.root).free
    if free < LEAST_FREE:
        raise MachineError(
            f"A study needs {LEAST_FREE / 2**20:.0f} MiB of free disk to start, but {directory.root} has "
            f"{free / 2**20:.0f} MiB. Make room, or move the directory to a larger disk, and run again."
        )


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
