"""Faults at random moments, each replayable by its number: `python -m tests.soak.faults --seconds 600 [--seed S]`.

A round is a small whole study (`tests.soak.small_study`) that takes one fault after the other while it runs, is run
again after each that ended it, and at its end must be the study that nobody disturbed: trials, epochs, parameters,
winners, predictions, comparison, report, MLflow. No process may outlive its driver by 10 s. `--only N` replays round N.

`--write` adds each round to docs/reliability.json and the table of docs/reliability.md as soon as it has ended, and
goes on after the last round that is there: several short runs are one long one.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak import reliability, small_study
from tests.soak.small_study import SmallStudy
from tests.soak.strikes import DISK, KILLS, STRIKES, one_error
from tests.study.search import crash

EACH = 8  # faults of a round
DROPPED = re.compile(r"Exception ignored in: [^\n]*\nTraceback .*?\nKeyboardInterrupt: *\n", re.DOTALL)
"""What Python prints of a Ctrl-C that arrives inside a callback of its garbage collection."""
ENDED = {"full disk": 1, "read-only directory": 1, "replicate deleted": 2}
"""Faults after which a run may have ended with one error, and its exit code."""


@dataclass(frozen=True)
class Fault:
    """What happens, after how many new lines of the driver, and how many seconds after the last of them."""

    kind: str
    lines: int
    delay: float


def possible() -> list[str]:
    """The kinds of faults that this machine can be made to have."""
    return [kind for kind in STRIKES if kind != "clock moved" or small_study.COMPILER]


def faults(seed: int, number: int, kinds: list[str]) -> list[Fault]:
    """The faults of a round: half of them from all kinds in turn, half drawn from the kills.

    Each time through all kinds begins one further, since a study may end before the last faults of a round.
    """
    chance = random.Random(f"{seed}/{number}")
    turn = [kinds[(number * EACH // 2 + place) % len(kinds)] for place in range(EACH // 2)]
    first = number // len(kinds) % len(turn)
    turn = turn[first:] + turn[:first]
    drawn = [chance.choice(KILLS) for _ in range(EACH - len(turn))]
    chosen = [kind for pair in zip(turn, drawn, strict=True) for kind in pair]
    return [Fault(kind, chance.choice([0, 1, 1, 2, 3, 4]), round(chance.uniform(0, 2), 2)) for kind in chosen]


def play(study: SmallStudy, chosen: list[Fault], chance: random.Random, happened: list[str]) -> None:
    """Let the faults happen one after the other, as long as the study has not ended; notes which did."""
    driver: subprocess.Popen[bytes] | None = None
    before = 0
    for fault in chosen:
        if driver is None:
            before = len(study.said()) if (study.root / "driver.txt").exists() else 0
            driver = study.start()
        if not study.reached(driver, study.progress() + fault.lines, fault.delay):
            if driver.returncode == 0:
                return
            assert driver.returncode == 75, f"ended with {driver.returncode}: {study.said()[before:][-200:]}"
            driver = None
            continue
        happened.append(fault.kind)  # before, so that one that goes wrong is named
        if not STRIKES[fault.kind](study, driver, chance):
            happened.pop()
        if driver.poll() is None:
            continue
        if fault.kind in ENDED and driver.returncode:
            assert driver.returncode == ENDED[fault.kind], f"{fault.kind}: ended with {driver.returncode}"
            one_error(study.said()[before:])
        left = study.orphans()
        assert not left, f"left behind: {[Path(f'/proc/{p}/cmdline').read_bytes()[:80] for p in left]}"
        driver = None
    if driver is not None:
        driver.wait(crash.LIMIT)


def finish(study: SmallStudy) -> None:
    """Run the study to its end: what is lost on the way asks for another run, with exit code 75."""
    for _ in range(3):
        before = len(study.said())
        code = study.start().wait(crash.LIMIT)
        if code != 75:
            break
    assert code == 0, f"the last run ended with {code}: {study.said()[before:].strip().splitlines()[-1:]}"
    said = DROPPED.sub("", study.said())
    assert "Traceback" not in said, "a traceback was printed on the way"
    done = study.command("track", str(study.home))
    assert done.returncode == 0, f"track: {done.stdout[-200:]}{done.stderr[-200:]}"


def round_of(seed: int, number: int, undisturbed: dict[str, Any], where: Path, keep: bool) -> reliability.Round:
    """Play one round of all its faults, and judge it."""
    return play_round(seed, number, faults(seed, number, possible()), undisturbed, where, keep=keep)


def play_round(
    seed: int, number: int, chosen: list[Fault], undisturbed: dict[str, Any], where: Path, *, keep: bool
) -> reliability.Round:
    """A study that takes these faults, held against an undisturbed one."""
    study = SmallStudy(Path(tempfile.mkdtemp(prefix="s", dir=where))).prepare()
    if any(fault.kind == "clock moved" for fault in chosen):
        study.with_clock()
    study.home.mkdir()
    small_disk = any(fault.kind == "full disk" for fault in chosen)
    if small_disk:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(study.home)]
        subprocess.run(mount, check=True, timeout=60)
    happened: list[str] = []
    started, wrong = time.monotonic(), ""
    try:
        play(study, chosen, random.Random(f"{seed}/{number}/strikes"), happened)
        finish(study)
        different = small_study.differences(study.home, undisturbed)
        assert not different, f"another {', '.join(different)}"
    except (AssertionError, subprocess.TimeoutExpired) as error:
        wrong = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    finally:
        for pid in study.processes():
            subprocess.run(["kill", "-9", str(pid)], check=False, timeout=10)
        if small_disk:
            subprocess.run(["umount", "-l", str(study.home)], check=False, timeout=60)
    if wrong and keep:
        print(f"kept in {study.root}; the end of what it said:\n{study.said()[-3000:]}")
    seconds = round(time.monotonic() - started, 1)
    return reliability.Round(seed=seed, number=number, faults=tuple(happened), seconds=seconds, wrong=wrong)


def reference(where: Path) -> dict[str, Any]:
    """What the undisturbed study says; run once a scratch folder."""
    study = SmallStudy(where / "r").prepare()
    if not (study.home / "report.html").exists():
        study.run_to_end()
    assert study.command("track", str(study.home)).returncode == 0
    return {**small_study.ending(study.home), "mlflow": small_study.tracked(study.home)}


def main() -> int:
    """Play rounds until the time is over; exit code 1 where one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--scratch", type=Path, help="kept, with the undisturbed study, for the next run")
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    known = reliability.played("study", options.seed) if options.write else set()
    wrong = False
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as scratch:
        where = options.scratch or Path(scratch)
        where.mkdir(exist_ok=True)
        undisturbed = reference(where)
        number = options.first if options.only is None else options.only
        while time.monotonic() < deadline:
            if number not in known or options.only is not None:
                found = round_of(options.seed, number, undisturbed, where, keep=options.scratch is not None)
                print(found.line(), flush=True)
                wrong |= bool(found.wrong)
                if options.write:
                    reliability.add([found])
            number += 1
            if options.only is not None:
                break
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
