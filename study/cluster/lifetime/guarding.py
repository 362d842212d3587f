"""The driver's side of its guardian: what is to end, and to be removed, with this process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study.cluster.lifetime import guardian

_started: dict[int, subprocess.Popen[bytes]] = {}  # by driver: a fork's guardian is not ours
_told: dict[int, list[str]] = {}  # by driver: what another guardian has to know
_lock = threading.Lock()
PAUSE = 0.5  # seconds before a guardian that was killed is replaced
END_WAIT = 15.0  # seconds for a guardian to end all and itself


def guard(pid: int) -> None:
    """The process, and all that it starts, ends with this one. Does nothing on systems without /proc."""
    _tell(f"guard {pid}")


def guard_ray() -> None:
    """Whatever belongs to a Ray that this process starts ends with it, from the first moment of its start."""
    _tell(f"ray {os.getpid()}")


def remove_later(path: Path | str) -> None:
    """A folder goes when this process ends, whatever ends it."""
    _tell(f"remove {path}")


@contextmanager
def scratch(prefix: str) -> Iterator[str]:
    """A temporary folder that a kill does not leave behind."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as where:
        remove_later(where)
        yield where
    _tell(f"release {where}")


def end_all() -> None:
    """End everything that is guarded now, and wait for it: for a process that is about to be another one."""
    with _lock:
        process = _started.pop(os.getpid(), None)
        _told.pop(os.getpid(), None)
    if process is not None and process.stdin is not None:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_WAIT)


def _tell(command: str) -> None:
    if not Path("/proc/self/stat").exists():
        return
    with _lock:
        told = _told.setdefault(os.getpid(), [])
        told.append(command)
        process = _started.get(os.getpid())
        if process is None:
            _start(told)
        else:
            _write(process, [command])


def _start(told: list[str]) -> None:
    """A guardian that knows all that was told, and is replaced when somebody kills it."""
    process = _started[os.getpid()] = subprocess.Popen(
        [sys.executable, "-I", "-S", guardian.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # whoever reads what the driver prints must not wait for this process
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _write(process, told)
    threading.Thread(target=_replace, args=(process,), daemon=True, name="guardian").start()


def _replace(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    time.sleep(PAUSE)
    with _lock:
        if _started.get(os.getpid()) is process:
            _start(_told[os.getpid()])


def _write(process: subprocess.Popen[bytes], commands: list[str]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write("".join(f"{command}\n" for command in commands).encode())
        process.stdin.flush()
