"""What a tracking server is known to hold, run by run: the local cache that says what is left to write.

A cache only. Where it is missing, damaged or out of date, the reconciler asks the server before it writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class SyncState:
    """What the server holds of one run: the number of its metric points, and digests of everything else."""

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


class SyncStateStore:
    """The sync states of one tracking server, in SQLite."""

    def __init__(self, path: Path, target: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and (damage := _damage(path)):
            print(f"{path} is damaged ({damage}) and is made anew from what the server holds", flush=True)
            path.unlink()
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        self._target = target
        self._db = sqlite3.connect(path, timeout=30)
        self._execute("CREATE TABLE IF NOT EXISTS ack (target TEXT, key TEXT, body TEXT, PRIMARY KEY (target, key))")
        self._execute("CREATE TABLE IF NOT EXISTS writer (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT)")

    def load(self) -> dict[str, SyncState]:
        """All states by run key."""
        rows = self._db.execute("SELECT key, body FROM ack WHERE target = ?", (self._target,))
        return {key: SyncState(**json.loads(body)) for key, body in rows}

    def save(self, key: str, state: SyncState) -> None:
        """Store the state of a run."""
        body = json.dumps(asdict(state))
        self._execute("INSERT OR REPLACE INTO ack VALUES (?, ?, ?)", (self._target, key, body))

    def delete(self, key: str) -> None:
        """Delete the state of a run that the server no longer has."""
        self._execute("DELETE FROM ack WHERE target = ? AND key = ?", (self._target, key))

    def publish_status(self, status: Mapping[str, Any]) -> None:
        """Publish the writer's progress, for `read_backlog`."""
        self._execute("INSERT OR REPLACE INTO writer VALUES (0, ?)", (json.dumps(dict(status)),))

    def _execute(self, statement: str, values: tuple[str, ...] = ()) -> None:
        self._db.execute(statement, values)
        self._db.commit()


def _damage(path: Path) -> str:
    """What is wrong with a file; empty where nothing is. Reads it whole, as it has some hundred bytes a run."""
    with closing(sqlite3.connect(path, timeout=30)) as db:
        try:
            said = str(db.execute("PRAGMA quick_check").fetchone()[0])
            if said != "ok":
                return said
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for (body,) in db.execute("SELECT body FROM ack").fetchall() if "ack" in tables else ():
                SyncState(**json.loads(body))
        except sqlite3.OperationalError:
            raise  # locked, or a disk that cannot be read: not a damage of the file
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            return str(error)
    return ""


def read_status(path: Path) -> dict[str, Any] | None:
    """The status that the last writer published; None where there was no writer yet. A damaged file has an `error`."""
    if not path.exists():
        return None
    if damage := _damage(path):
        return {"error": f"{path} is damaged ({damage}); the next run, or `study track`, makes it anew"}
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        has_table = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'writer'").fetchone()
        row = db.execute("SELECT body FROM writer").fetchone() if has_table else None
    finally:
        db.close()
    status: dict[str, Any] | None = json.loads(row[0]) if row else None
    return status
