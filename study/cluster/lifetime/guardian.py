"""The process that ends what a driver has started, however the driver ends: also by SIGKILL, which nobody hears.

It runs as a script with nothing but the standard library, in a session of its own. Its standard input is a pipe from
the driver, with one command a line: `guard PID` (this process and all that descend from it), `remove PATH` (a folder),
`release PATH` (it was removed). The end of the pipe is the end of the driver.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

INTERVAL = 0.5  # seconds between looks at which processes there are
GRACE = 3.0  # seconds that they get to end by themselves
Process = tuple[int, str]
"""Process id and start time, as the kernel counts it: a number that is used again is another process."""


def main() -> None:
    """Follow the driver's commands until it ends, then end everything."""
    guarded: set[Process] = set()
    folders: set[str] = set()
    pipe, rest = sys.stdin.fileno(), b""
    while True:
        ready, _, _ = select.select([pipe], [], [], INTERVAL)
        if ready:
            read = os.read(pipe, 65536)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                follow(line.decode(), guarded, folders)
        guarded |= descendants(guarded)
        guarded &= living(guarded)
    end(guarded)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def follow(line: str, guarded: set[Process], folders: set[str]) -> None:
    """One command of the driver."""
    command, _, argument = line.partition(" ")
    if command == "guard":
        started = start_time(int(argument))
        guarded |= {(int(argument), started)} if started else set()
    elif command == "remove":
        folders.add(argument)
    elif command == "release":
        folders.discard(argument)


def end(guarded: set[Process]) -> None:
    """Wait a little for the processes to end, then kill what is left."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and (guarded := living(guarded | descendants(guarded))):
        time.sleep(0.1)
    for pid, _ in guarded:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def living(processes: set[Process]) -> set[Process]:
    """Those that still run."""
    return {process for process in processes if start_time(process[0]) == process[1]}


def descendants(processes: set[Process]) -> set[Process]:
    """All children of these processes, and theirs."""
    children: dict[int, list[Process]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append((int(entry.name), fields[19]))
    found: set[Process] = set()
    waiting = [pid for pid, _ in living(processes)]
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found
        found |= new
        waiting += [pid for pid, _ in new]
    return found


def start_time(pid: int) -> str:
    """When a process began; empty for one that is not there, or has ended and waits for its parent to notice."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in "ZX" else ""


def _stat(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` after the process's name, which may hold spaces: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


if __name__ == "__main__":
    main()
