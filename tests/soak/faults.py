"""Faults at random moments, each replayable by its number: `python -m tests.soak.faults --seconds 600 [--seed S]`.

Every round is a small study that takes one or two faults and is then run to its end. It must hold exactly the trials,
epochs and metrics of its own, the shared design of an undisturbed study, and no process may outlive its driver by
10 s (`tests.study.search.crash`). `--only N` replays round N; `--write` adds the counts to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.soak import reliability
from tests.study.search import crash

ENDS_WITHIN = 20.0  # seconds from a signal, or from the loss of whatever a driver needs, to its end
KINDS = ("driver", "raylet", "trial", "gcs", "agent", "guardian", "SIGINT", "SIGTERM", "second driver", "full disk")


@dataclass(frozen=True)
class Fault:
    """What happens, how long after a trial's process is there or (`training`) after an epoch was reported."""

    kind: str
    delay: float
    training: bool


def faults(seed: int, number: int) -> list[Fault]:
    """The faults of a round: the first goes through all kinds in turn, a second is drawn."""
    chance = random.Random(f"{seed}/{number}")
    kinds = [KINDS[number % len(KINDS)]] + ([chance.choice(KINDS)] if chance.random() < 0.5 else [])
    return [Fault(kind, round(chance.uniform(0, 2.5), 2), chance.random() < 0.7) for kind in kinds]


def play(study: crash.Study, fault: Fault) -> bool:
    """Let one fault happen to a study; whether it did (else the study had ended before)."""
    if fault.kind in crash.KINDS:
        return study.attack(fault.kind, fault.delay, training=fault.training) == fault.kind
    if fault.kind == "full disk":
        return _full_disk(study)
    driver = study.start()
    if not study.reach(driver, training=fault.training):
        return False
    time.sleep(fault.delay)
    if driver.poll() is not None:
        return False
    _while_it_runs(study, driver, fault.kind)
    return True


def _while_it_runs(study: crash.Study, driver: subprocess.Popen[bytes], kind: str) -> None:
    if kind == "second driver":
        assert study.start().wait(crash.LIMIT) == 1
        assert f"is in the hands of process {driver.pid} on" in study.said()
    elif kind == "guardian":
        for pid in _children(driver.pid, "guardian.py"):
            os.kill(pid, signal.SIGKILL)
    else:
        sent = time.monotonic()
        os.killpg(driver.pid, signal.Signals[kind])
        driver.wait(crash.LIMIT)
        assert time.monotonic() - sent < ENDS_WITHIN, f"{kind}: {time.monotonic() - sent:.0f} s until the end"
    driver.wait(crash.LIMIT)


def _full_disk(study: crash.Study) -> bool:
    """The disk is full before the third trial of each cell; later it has room again."""
    before = len(study.trials())
    (study.root / "full").touch()
    code = study.start().wait(crash.LIMIT)
    (study.root / "full").unlink()
    if code == 0:
        return False
    assert "MachineError: The search has stopped" in study.said()
    assert {trial.state for trial in study.trials()} <= {"COMPLETE", "PRUNED", "RUNNING"}, "no trial is charged"
    return len(study.trials()) >= before


def _children(pid: int, name: str) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if name.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]


def round_of(seed: int, number: int, reference: Path, where: Path) -> reliability.Round:
    """Play one round and judge it."""
    chosen = faults(seed, number)
    study = crash.Study(Path(tempfile.mkdtemp(prefix="s", dir=where)))
    started, happened = time.monotonic(), []
    wrong = ""
    try:
        for fault in chosen:
            if play(study, fault):
                happened.append(fault.kind)
                left = study.orphans()
                assert not left, f"left behind: {[Path(f'/proc/{p}/cmdline').read_bytes()[:80] for p in left]}"
        study.run_to_end()
        crash.check(study.root, reference)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        wrong = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    seconds = round(time.monotonic() - started, 1)
    return reliability.Round(seed=seed, number=number, faults=tuple(happened), seconds=seconds, wrong=wrong)


def main() -> int:
    """Play rounds until the time is over; exit code 1 where one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    rounds: list[reliability.Round] = []
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as scratch:
        reference = crash.Study(Path(scratch) / "r")
        reference.root.mkdir()
        reference.run_to_end()
        number = options.first if options.only is None else options.only
        while time.monotonic() < deadline:
            rounds.append(round_of(options.seed, number, reference.root, Path(scratch)))
            print(rounds[-1].line(), flush=True)
            number += 1
            if options.only is not None:
                break
    if options.write:
        reliability.add(rounds)
    return int(any(found.wrong for found in rounds))


if __name__ == "__main__":
    sys.exit(main())
