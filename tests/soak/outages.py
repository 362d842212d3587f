"""A real MLflow server behind a faulty proxy, on PostgreSQL where it is installed: `python -m tests.soak.outages`.

A driver with the real engine and tracker searches over toy trainings while server, network, database and writer fail
in turn, at random moments. At the end the server must have every run, parameter and point once. `--write` adds the
round to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mlflow import MlflowClient

from study.store.directory import StudyDirectory
from study.tracking import read_backlog
from tests.soak import reliability
from tests.soak.faulty_proxy import MODES, FaultyProxy
from tests.study.tracking import team
from tests.study.tracking.outage import Driver, wait
from tests.study.tracking.readback import check
from tests.study.tracking.servers import MlflowServer, Stores
from tests.study.tracking.studies import start

TRIALS, PAUSE = 16, 0.2  # a cell, and seconds an epoch
NAMES = {mode: f"MLflow {what}" for mode, what in zip(MODES, ("down", "500", "429", "slow", "answer cut"), strict=True)}
NAMES |= {"server killed": "MLflow killed", "database stopped": "PostgreSQL stopped"}
NAMES |= {"writer killed": "tracking writer", "driver killed": "driver"}


def kinds() -> list[str]:
    """The faults that can be had here, PostgreSQL's where it and a driver are installed."""
    found = [*MODES, "server killed", "writer killed", "driver killed"]
    return [*found, "database stopped"] if postgresql() else found


def postgresql() -> bool:
    """Whether PostgreSQL and psycopg are there."""
    with contextlib.suppress(ImportError):
        import psycopg  # noqa: F401

        return team.programs() is not None
    return False


@contextlib.contextmanager
def server(root: Path) -> Iterator[tuple[MlflowServer, team.Postgres | None]]:
    """A real server, on PostgreSQL or else on SQLite."""
    if not postgresql():
        with MlflowServer(root, login=False) as found:
            yield found, None
        return
    with team.postgresql("mlflow") as database:
        stores = Stores(database=database.url("mlflow"), users="", artifacts=str(root / "artifacts"))
        with MlflowServer(root, login=False, stores=stores) as found:
            yield found, database


def play(root: Path, chance: random.Random, happened: list[str]) -> dict[str, int]:
    """Every kind once, in random order and for a random time; what was compared at the end."""
    directory = StudyDirectory(root / "study")
    with server(root / "server") as (found, database):
        proxy = FaultyProxy(found.port)
        driver = Driver(directory.root, proxy, TRIALS, PAUSE)  # type: ignore[arg-type]
        order = chance.sample(kinds(), len(kinds()))
        for place, kind in enumerate(order):
            driver.reach(directory, 2 * TRIALS * (place + 1) // (len(order) + 2))
            time.sleep(chance.uniform(0, 1))
            driver = _strike(kind, driver, found, proxy, database, chance, directory.root)
            happened.append(NAMES[kind])
        assert driver.process.wait(600) == 0, driver.log.read_text()[-300:]
        if read_backlog(directory).waiting:
            assert Driver(directory.root, proxy, TRIALS, PAUSE).process.wait(300) == 0  # type: ignore[arg-type]
        left = read_backlog(directory)
        assert left.waiting == 0, f"{left.waiting} writes left: {left}"
        plan, _ = start(directory.root, trials=TRIALS, max_epochs=9)
        compared = check(MlflowClient(found.address), plan, directory)
        proxy.close()
        return compared


def _strike(
    kind: str,
    driver: Driver,
    found: MlflowServer,
    proxy: FaultyProxy,
    database: team.Postgres | None,
    chance: random.Random,
    root: Path,
) -> Driver:
    """One fault; the search rests from the moment that it was felt to the first request that is served again."""
    away, hold = chance.uniform(0, 3), root / "hold"
    if kind == "driver killed":
        driver.kill()
        return Driver(root, proxy, TRIALS, PAUSE)  # type: ignore[arg-type]
    if kind == "writer killed":
        for pid in driver.writers():
            if b"sync.process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        return driver
    felt = kind if kind in MODES else "failed"
    before = proxy.hit[felt]
    if kind in MODES:
        proxy.mode = kind
    elif kind == "server killed":
        found.kill()
    elif database is not None:
        database.stop()
    wait(lambda: proxy.hit[felt] > before, f"a request that meets {kind}", 120)
    hold.touch()
    time.sleep(away)
    proxy.mode = "pass"
    if kind == "server killed":
        found.start()
    elif kind == "database stopped" and database is not None:
        database.start()
    served = proxy.hit["pass"]
    wait(lambda: proxy.hit["pass"] > served, "a request that is served", 120)
    hold.unlink()
    return driver


def main() -> int:
    """One round; exit code 1 where it went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    happened: list[str] = []
    started, wrong = time.monotonic(), ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        try:
            print(play(Path(scratch), random.Random(f"{options.seed}/{options.number}/outages"), happened))
        except AssertionError as error:
            wrong = f"AssertionError: {error}".splitlines()[0][:300]
    seconds = round(time.monotonic() - started, 1)
    found = reliability.Round(
        game="tracking", seed=options.seed, number=options.number, faults=tuple(happened), seconds=seconds, wrong=wrong
    )
    print(found.line())
    if options.write:
        reliability.add([found])
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
