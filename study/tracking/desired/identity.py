"""Who a study is on a server that it shares, and with what code and versions it was made."""

from __future__ import annotations

import getpass
import json
import platform
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from datasets.base.atomic_files import write_json
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.tracking.sync import paths

VERSIONS = ("torch", "torchvision", "timm", "ray", "optuna", "mlflow", "numpy")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A driver that worked on the study: since when, with which code (a commit, or empty outside a checkout)."""

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
        """The session that something started in; None: the first."""
        begun = [session for session in self.sessions if when is not None and session.time <= when]
        return begun[-1] if begun else self.sessions[0]


def begin(plan: Plan, directory: StudyDirectory) -> Identity:
    """Note that a session begins now; the first one gives the study its id."""
    path = paths.identity(directory)
    found = load(directory) if path.exists() else Identity(id=f"{plan.spec.digest}-{uuid4().hex[:8]}", sessions=())
    now = _now()
    if not found.sessions or _what(found.sessions[-1]) != _what(now):
        found = Identity(id=found.id, sessions=(*found.sessions, now))
        write_json(path, {"id": found.id, "sessions": [vars(session) for session in found.sessions]})
    return found


def load(directory: StudyDirectory) -> Identity:
    """What `begin` wrote."""
    raw: dict[str, Any] = json.loads(paths.identity(directory).read_text())
    return Identity(id=raw["id"], sessions=tuple(Session(**session) for session in raw["sessions"]))


def _what(session: Session) -> tuple[str, ...]:
    return session.commit, session.versions, session.host, session.user


def _now() -> Session:
    versions = {"python": platform.python_version()} | {name: version(name) for name in VERSIONS}
    return Session(
        time=time.time(),
        commit=_commit(Path(__file__).parent),
        versions=", ".join(f"{name} {found}" for name, found in versions.items()),
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
