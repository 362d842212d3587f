"""What a server has acknowledged, run by run, so that a writer knows what is left to write.

Only a hint that saves work: a writer that finds none, or an older state, asks the server before it writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Ack:
    """What is known to be on the server of one run: how many of its points, digests of the rest."""

    run_id: str = ""
    points: int = 0
    values: dict[str, tuple[float, int]] = field(default_factory=dict)
    tags: str = ""
    params: str = ""
    inputs: str = ""
    status: str = ""
    files: dict[str, str] = field(default_factory=dict)
    model: str = ""
    model_id: str = ""


class Acks:
    """The acknowledgements of one target."""

    def __init__(self, path: Path, target: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._target = target
        self._db = sqlite3.connect(path, timeout=30)
        self._db.execute("CREATE TABLE IF NOT EXISTS ack (target TEXT, key TEXT, body TEXT, PRIMARY KEY (target, key))")
        self._db.execute("CREATE TABLE IF NOT EXISTS writer (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT)")
        self._db.commit()

    def load(self) -> dict[str, Ack]:
        """All acknowledgements by the runs' keys."""
        rows = self._db.execute("SELECT key, body FROM ack WHERE target = ?", (self._target,))
        return {key: Ack(**json.loads(body)) for key, body in rows}

    def save(self, key: str, ack: Ack) -> None:
        """Remember what was acknowledged of a run."""
        row = (self._target, key, json.dumps(asdict(ack)))
        self._db.execute("INSERT OR REPLACE INTO ack VALUES (?, ?, ?)", row)
        self._db.commit()

    def forget(self, key: str) -> None:
        """The server has no such run any more."""
        self._db.execute("DELETE FROM ack WHERE target = ? AND key = ?", (self._target, key))
        self._db.commit()

    def tell(self, status: Mapping[str, Any]) -> None:
        """Publish how far the writer is, for `behind`."""
        self._db.execute("INSERT OR REPLACE INTO writer VALUES (0, ?)", (json.dumps(dict(status)),))
        self._db.commit()


def told(path: Path) -> dict[str, Any] | None:
    """What the last writer published; None: no writer ever did."""
    if not path.exists():
        return None
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'writer'").fetchone()
        row = db.execute("SELECT body FROM writer").fetchone() if made else None
    finally:
        db.close()
    found: dict[str, Any] | None = json.loads(row[0]) if row else None
    return found
