"""The process that ends what a driver has started, however the driver ends: also by SIGKILL, which nobody hears.

It runs as a script with nothing but the standard library, in a session of its own. Its standard input is a pipe from
the driver, with one command a line: `guard PID` (this process and all that descend from it), `ray PID` (what writes
into a session of this driver's Ray), `remove PATH` (a folder), `release PATH` (it was removed). The end of the pipe is
the end of the driver.
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
    drivers: set[str] = set()
    pipe, rest = sys.stdin.fileno(), b""
    while True:
        ready, _, _ = select.select([pipe], [], [], INTERVAL)
        if ready:
            read = os.read(pipe, 65536)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                follow(line.decode(), guarded, folders, drivers)
        guarded |= descendants(guarded)
        guarded &= living(guarded)
    end(guarded, drivers)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def follow(line: str, guarded: set[Process], folders: set[str], drivers: set[str]) -> None:
    """One command of the driver."""
    command, _, argument = line.partition(" ")
    if command == "guard":
        started = start_time(int(argument))
        guarded |= {(int(argument), started)} if started else set()
    elif command == "ray":
        drivers.add(argument)
    elif command == "remove":
        folders.add(argument)
    elif command == "release":
        folders.discard(argument)


def end(guarded: set[Process], drivers: set[str]) -> None:
    """Wait a little for the processes to end, then kill what is left."""
    deadline = time.monotonic() + GRACE
    guarded = guarded | of_sessions(drivers)
    while time.monotonic() < deadline and (guarded := living(guarded | descendants(guarded))):
        time.sleep(0.1)
    for pid, _ in guarded | of_sessions(drivers):
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


def of_sessions(drivers: set[str]) -> set[Process]:
    """Python processes that have a file of these drivers' Ray sessions open: children of a raylet that died with its
    driver before anybody had seen them, and what a driver started that was killed while it started Ray."""
    found: set[Process] = set()
    for entry in Path("/proc").iterdir() if drivers else ():
        if not entry.name.isdigit() or entry.name in drivers:  # a driver that becomes another image goes on
            continue
        with contextlib.suppress(OSError):
            if os.readlink(entry / "exe") != os.readlink("/proc/self/exe"):
                continue  # somebody who reads a log
            files = {target for handle in (entry / "fd").iterdir() if (target := _target(handle))}
            if any(part.rpartition("_")[2] in drivers for target in files for part in _sessions(target)):
                found.add((int(entry.name), start_time(int(entry.name))))
    return {process for process in found if process[1]}


def _target(handle: Path) -> str:
    try:
        return os.readlink(handle)
    except OSError:
        return ""


def _sessions(path: str) -> list[str]:
    """Folders of Ray's sessions on a path: `session_<time>_<process id of the driver>`."""
    return [part for part in path.split("/") if part.startswith("session_")]


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
