"""A study's unique id on a shared server, and the code and versions that each of its sessions ran with."""

from __future__ import annotations

import getpass
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from datasets.base.atomic_files import write_json
from study.base.versions import versions
from study.plan.cells import Plan
from study.protocol import holdings
from study.store.directory import StudyDirectory
from study.tracking.sync import paths


@dataclass(frozen=True, kw_only=True)
class Session:
    """One driver process: its start (Unix time), its commit (empty outside a checkout), versions, host, user."""

    time: float
    commit: str
    versions: str
    host: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A study's id, unique to its directory, and its sessions, oldest first."""

    id: str
    sessions: tuple[Session, ...]

    def session(self, when: float | None) -> Session:
        """The session that was running at a Unix time; the first one for None."""
        earlier = [session for session in self.sessions if when is not None and session.time <= when]
        return earlier[-1] if earlier else self.sessions[0]


def begin_session(plan: Plan, directory: StudyDirectory) -> Identity:
    """Record that a session begins now, unless nothing changed since the last one. The first gives the study its id."""
    path = paths.identity(directory)
    identity = load(directory) if path.exists() else Identity(id=f"{plan.spec.digest}-{uuid4().hex[:8]}", sessions=())
    session = _current_session()
    if not identity.sessions or replace(identity.sessions[-1], time=session.time) != session:
        identity = Identity(id=identity.id, sessions=(*identity.sessions, session))
        write_json(path, {"id": identity.id, "sessions": [vars(session) for session in identity.sessions]})
    return identity


def load(directory: StudyDirectory) -> Identity:
    """Read what `begin_session` wrote. Raises `StudyError` where the file is damaged."""
    again = "Restore it; or delete the folder, and MLflow gets the study once more, under a new id."
    raw: dict[str, Any] = holdings.read_json(paths.identity(directory), again)
    return Identity(id=raw["id"], sessions=tuple(Session(**session) for session in raw["sessions"]))


def _current_session() -> Session:
    return Session(
        time=time.time(),
        commit=_commit(Path(__file__).parent),
        versions=", ".join(f"{name} {version}" for name, version in versions().items()),
        host=socket.gethostname(),
        user=getpass.getuser(),
    )


def _commit(package: Path) -> str:
    """The commit that this file is of; empty where Git does not track it."""
    try:
        for command in (["ls-files", "--error-unmatch", Path(__file__).name], ["rev-parse", "HEAD"]):
            done = subprocess.run(
                ["git", *command], cwd=package, capture_output=True, text=True, timeout=10, check=True
            )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
