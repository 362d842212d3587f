"""What grows while a study runs: `python -m tests.soak.leaks [--trials 500] [--write]`.

The real search and the real writer to MLflow over trainings that take no time, in one driver. Every 50 trials it is
looked at what driver and writer hold. `--write` puts the table into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from study.cluster.lifetime.guardian import descendants, start_time
from study.search.ray_tune.tuner import run_search
from study.store.trial import TrialRecord
from study.tracking import open_tracker, read_backlog
from tests.benchmarks.machine import describe
from tests.soak import reliability
from tests.study.search.example_cells import job_maker
from tests.study.tracking.studies import start

EVERY = 50
AFTER = 10.0  # seconds after the end, when nothing may be left
SHM = Path("/dev/shm")


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a driver, its writer and all that they started hold."""

    trials: int
    seconds: float
    driver_mb: float
    writer_mb: float
    driver_handles: int
    writer_handles: int
    driver_threads: int
    processes: int
    ports: int
    shm_mb: float
    ray_mb: float


def look(trials: int, seconds: float, ray: Path) -> Held:
    """Look at this process, its writer and its other children."""
    me = os.getpid()
    family = {pid for pid, _ in descendants({(me, start_time(me))})}
    writer = next((pid for pid in family if "tracking.sync.process" in _line(pid)), 0)
    return Held(
        trials=trials,
        seconds=round(seconds, 1),
        driver_mb=_memory(me),
        writer_mb=_memory(writer),
        driver_handles=_count(me, "fd"),
        writer_handles=_count(writer, "fd"),
        driver_threads=_count(me, "task"),
        processes=len(family),
        ports=len(_ports({me, *family})),
        shm_mb=_size(path for pid in family for path in _shared(pid)),
        ray_mb=_size(ray.rglob("*")),
    )


def _line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _memory(pid: int) -> float:
    """Resident memory of a process itself, without files that it shares with others (MB)."""
    try:
        found = Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()
    except OSError:
        return 0.0
    return round(int(found[0]) / 1024, 1)


def _count(pid: int, what: str) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/{what}").iterdir()))
    except OSError:
        return 0


def _ports(family: set[int]) -> set[str]:
    """Listening TCP sockets of these processes."""
    listening = {
        fields[9]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    }
    held: set[str] = set()
    for pid in family:
        try:
            names = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        held.update(name[8:-1] for name in names if name.startswith("socket:["))
    return listening & held


def _shared(pid: int) -> set[Path]:
    try:
        return {
            path
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
            if (path := SHM / line.rpartition("/")[2]).is_file() and str(SHM) in line
        }
    except OSError:
        return set()


def _size(paths: Iterable[Path]) -> float:
    """Bytes on disk or in memory (MB); what vanishes meanwhile is not counted."""
    total = 0
    for path in set(paths):
        try:
            total += path.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return round(total / 2**20, 1)


def run(root: Path, trials: int) -> tuple[list[Held], list[str]]:
    """A search of `trials` trials; what was held every 50, and what was left of it 10 s after its end."""
    ray_folder = root / "r"
    os.environ["RAY_TMPDIR"] = str(ray_folder)
    plan, directory = start(root / "study", trials=trials // 2, max_epochs=4)
    tracker = open_tracker(plan, directory)
    held: list[Held] = []
    started, ended = time.monotonic(), 0
    me = os.getpid()

    def heard(trial: TrialRecord) -> None:
        nonlocal ended
        tracker.on_trial(trial)
        if trial.finished:
            ended += 1
            if ended % EVERY == 0:
                held.append(look(ended, time.monotonic() - started, ray_folder))

    before = set(SHM.iterdir())
    run_search(plan, directory, job_maker(root / "study"), on_event=heard, train="tests.study.search.toys:noop")
    tracker.close(timeout=300.0)
    family = {(me, start_time(me))}
    import ray

    processes = descendants(family)
    ray.shutdown()
    deadline = time.monotonic() + AFTER
    while (
        left := {p for p in processes if start_time(p[0]) == p[1] and "guardian" not in _line(p[0])}
    ) and time.monotonic() < deadline:
        time.sleep(0.2)
    waiting = read_backlog(directory).waiting
    found = [f"process {_line(pid)[:60]}" for pid, _ in left]
    found += [f"{path}" for path in set(SHM.iterdir()) - before if path.name.startswith("plasma")]
    return held, found + ([f"{waiting} writes to MLflow"] if waiting else [])


def table(held: list[Held], left: list[str]) -> str:
    """Markdown."""
    names = [field.name.replace("_", " ") for field in fields(Held)]
    lines = [f"\n{describe()}.\n", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(f"{value:g}" for value in astuple(row)) + " |" for row in held]
    return "\n".join(lines) + f"\n\n{AFTER:g} s after the end: {', '.join(left) or 'nothing is left'}.\n\n"


def main() -> int:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="s"))
    try:
        held, left = run(root, options.trials)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(table(held, left))
    if options.write:
        reliability.replace("leaks", table(held, left))
    return int(bool(left))


if __name__ == "__main__":
    raise SystemExit(main())
