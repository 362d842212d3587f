"""One driver at a time: a lock on the study directory that the kernel frees when its holder dies."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from study.base.errors import StudyError


@contextmanager
def only_driver(root: Path, doing: str = "search") -> Iterator[None]:
    """Hold the study's lock for a search (or a whole run). Raises `StudyError` naming the process that holds it."""
    root.mkdir(parents=True, exist_ok=True)
    holder = root / f"{doing}.pid"
    lock = FileLock(root / f"{doing}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        who = holder.read_text() if holder.exists() else "an unknown process"
        raise StudyError(
            f"A study has one driver at a time, but {root} is in the hands of {who}. Wait for it, or end it (Ctrl-C or "
            "SIGTERM: the study can be resumed), and run again."
        ) from error
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
