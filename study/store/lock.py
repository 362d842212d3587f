"""One driver at a time: a lock on the study directory that the kernel frees when its holder dies."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from study.base.errors import MachineError, StudyError


@contextmanager
def only_driver(root: Path, doing: str = "search") -> Iterator[None]:
    """Hold the study's lock for a search (or a whole run). Raises `StudyError` naming the process that holds it,
    and `MachineError` where the directory cannot be written."""
    holder = root / f"{doing}.pid"
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / f"{doing}.lock", timeout=0)
        lock.acquire()
        holder.touch()
    except Timeout as error:
        who = holder.read_text() if holder.exists() else "an unknown process"
        raise StudyError(
            f"A study has one driver at a time, but {root} is in the hands of {who}. Wait for it, or end it (Ctrl-C or "
            "SIGTERM: the study can be resumed), and run again."
        ) from error
    except OSError as error:
        raise MachineError(
            f"A study is written into its directory, but {root} cannot be written: {error.strerror or error}. Give "
            "the right to write there, or --dir another directory."
        ) from error
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
