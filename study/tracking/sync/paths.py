"""Tracking's files in a study directory. None holds a password, and all but `study.json` can be made anew."""

from __future__ import annotations

from pathlib import Path

from study.store.directory import StudyDirectory


def root(directory: StudyDirectory) -> Path:
    """The folder of tracking's own files."""
    return directory.root / "tracking"


def identity(directory: StudyDirectory) -> Path:
    """The study's id and its sessions (JSON)."""
    return root(directory) / "study.json"


def journals(directory: StudyDirectory) -> Path:
    """One append-only journal for each living driver."""
    return root(directory) / "journal"


def sync_states(directory: StudyDirectory) -> Path:
    """What each tracking server is known to hold (SQLite)."""
    return root(directory) / "acknowledged.db"


def lock(directory: StudyDirectory) -> Path:
    """Held by the one process that writes to MLflow."""
    return root(directory) / "writer.lock"


def log(directory: StudyDirectory) -> Path:
    """The writer's log, with credentials masked."""
    return root(directory) / "writer.log"
