"""Files of tracking in a study directory. None of them holds a password, and all but `study.json` can be made anew."""

from __future__ import annotations

from pathlib import Path

from study.store.directory import StudyDirectory


def home(directory: StudyDirectory) -> Path:
    """Where tracking keeps its own files."""
    return directory.root / "tracking"


def identity(directory: StudyDirectory) -> Path:
    """The study's id and the sessions that worked on it (JSON)."""
    return home(directory) / "study.json"


def journals(directory: StudyDirectory) -> Path:
    """One append-only journal for each living driver."""
    return home(directory) / "journal"


def acknowledged(directory: StudyDirectory) -> Path:
    """What servers have acknowledged (SQLite)."""
    return home(directory) / "acknowledged.db"


def lock(directory: StudyDirectory) -> Path:
    """Held by the one process that writes."""
    return home(directory) / "writer.lock"


def log(directory: StudyDirectory) -> Path:
    """What the writer says, passwords masked."""
    return home(directory) / "writer.log"
