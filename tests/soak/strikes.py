"""What each kind of fault does to a whole study that runs (`tests.soak.small_study`)."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak.file_damage import DAMAGES, damage
from tests.soak.small_study import SmallStudy
from tests.study.search import crash

ENDS_WITHIN = 20.0  # seconds from a signal to the end, on cores that have nothing else to do
DISK = 300 * 2**20  # bytes of a disk that can be filled: `study` asks for 256 MiB at its start
Driver = subprocess.Popen[bytes]
Strike = Callable[[SmallStudy, Driver, random.Random], bool]
"""Strikes a study that runs; whether it did. What was struck may have ended, or go on."""


def _kill(name: str) -> Strike:
    def strike(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
        found = {"driver": [driver.pid], "worker": study.workers()}.get(name) or study.processes(name)
        for pid in found[:1]:
            os.kill(pid, signal.SIGKILL)
        if name == "driver":
            driver.wait(crash.LIMIT)
        return bool(found)

    return strike


def _signal(number: signal.Signals, code: int) -> Strike:
    def strike(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
        sent = time.monotonic()
        os.killpg(driver.pid, number)
        driver.wait(crash.LIMIT)
        took = (time.monotonic() - sent) / max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        # Before Python has taken the signal over, the kernel ends the process: a shell says the same code.
        assert driver.returncode in (code, -number, 0), f"{number.name}: ended with {driver.returncode}"
        assert took < ENDS_WITHIN, f"{number.name}: {took:.0f} s until the end"
        return True

    return strike


def _guardian(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    children = Path(f"/proc/{driver.pid}/task/{driver.pid}/children").read_text().split()
    found = [int(pid) for pid in children if b"guardian.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return bool(found)


def _second_driver(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    done = study.command("run", str(study.root / "spec.yaml"), "--dir", str(study.home))
    if driver.poll() is not None:
        return False
    assert done.returncode == 2, f"a second driver ended with {done.returncode}"
    assert f"is in the hands of process {driver.pid} on" in one_error(done.stderr)
    return True


def _full_disk(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    filler = study.home / ".filler"
    with open(filler, "wb") as file:
        while True:
            try:
                os.write(file.fileno(), bytes(2**20))
            except OSError:
                break
    try:
        driver.wait(crash.LIMIT)
    finally:
        filler.unlink()
    return driver.returncode != 0


def _read_only(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    subprocess.run(["chattr", "-R", "-f", "+i", str(study.home)], check=False, timeout=60)
    try:
        driver.wait(crash.LIMIT)
    finally:
        subprocess.run(["chattr", "-R", "-f", "-i", str(study.home)], check=False, timeout=60)
    return driver.returncode != 0


def _clock(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    study.move_clock(chance.choice([3 * 86400, -2 * 3600, 45 * 60, -400 * 86400]))
    return True


def _replicate_deleted(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
    """The first one that is whole, while the driver goes on."""
    while not (there := sorted((study.home / "replicates").glob("*/*/result.json"))) and driver.poll() is None:
        time.sleep(0.2)
    if there:
        shutil.rmtree(chance.choice(there).parent)
        driver.wait(crash.LIMIT)
    return bool(there)


def _damaged(pattern: str) -> Strike:
    """The driver is killed, and a file of what it was at is damaged: the next run sees it, and comes to the same."""

    def strike(study: SmallStudy, driver: Driver, chance: random.Random) -> bool:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait(crash.LIMIT)
        study.orphans()
        there = [path for path in sorted(study.home.glob(pattern)) if path.stat().st_size]
        if there:
            damage(chance.choice(there), chance.choice(DAMAGES), chance)
        return bool(there)

    return strike


STRIKES: dict[str, Strike] = {
    "driver": _kill("driver"),
    "worker": _kill("worker"),
    "raylet": _kill("/raylet/raylet "),
    "gcs": _kill("/gcs/gcs_server "),
    "agent": _kill("ray::RuntimeEnvAgent"),
    "tracking writer": _kill("study.tracking.sync.process"),
    "guardian": _guardian,
    "SIGINT": _signal(signal.SIGINT, 130),
    "SIGTERM": _signal(signal.SIGTERM, 143),
    "second driver": _second_driver,
    "full disk": _full_disk,
    "read-only directory": _read_only,
    "clock moved": _clock,
    "replicate deleted": _replicate_deleted,
    "checkpoint damaged": _damaged("trials/*/*/last.pt"),
    "features damaged": _damaged("stages/features/*/*.npy"),
}
KILLS = ("driver", "worker", "raylet", "gcs", "agent", "tracking writer", "guardian", "SIGINT", "SIGTERM")


def one_error(text: str) -> str:
    """The one error that a command printed. Raises `AssertionError` for a traceback, none or several."""
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in text, f"traceback: {text.strip().splitlines()[-1][:200]}"
    assert len(errors) == 1, f"{len(errors)} errors: {text.strip().splitlines()[-1:]}"
    assert re.search(r"\b(run|Run|Restore|Delete|Mend|Make room|Give|Wait)\b", errors[0]), (
        f"no next action: {errors[0]}"
    )
    return errors[0]
