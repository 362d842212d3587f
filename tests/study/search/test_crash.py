"""The short form of `tests.study.search.crash`; the long one is a command (see there). A whole study is killed in
`tests/soak/test_short_round.py`."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from tests.study.search import crash


@pytest.fixture
def short():
    """A folder with a short name: Ray's sockets lie in it, and a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as where:
        yield Path(where)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_drivers_lose_and_double_nothing(short):
    """One driver is killed while its trials train; the study is run again to its end."""
    study, reference = crash.Study(short / "s"), crash.Study(short / "r")
    for each in (study, reference):
        each.root.mkdir()
    reference.run_to_end()
    assert study.attack("driver", 0.3, training=True) == "driver"
    assert study.orphans() == [], "nothing outlives a killed driver for long"
    assert study.epochs() > 0
    study.run_to_end()
    crash.check(study.root, reference.root)
    assert study.orphans() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["raylet", "gcs"])
def test_a_driver_starts_another_ray_when_its_own_is_lost(short, kind):
    study = crash.Study(short / "s")
    study.root.mkdir()
    assert study.attack(kind, 0.0, training=True) == kind
    said = (study.root / "driver.txt").read_text()
    assert "starting another (1 of 5)" in said
    trials = study.trials()
    assert (len(trials), {trial.state for trial in trials} <= {"COMPLETE", "PRUNED"}) == (2 * crash.TRIALS, True), said
    assert study.orphans() == []


@pytest.mark.timeout(900)
def test_sigterm_to_the_whole_group_ends_it_soon_and_says_so(short):
    """As batch systems do it: Ray's own processes are hit together with the driver."""
    study = crash.Study(short / "s")
    study.root.mkdir()
    driver = study.start()
    while driver.poll() is None and study.epochs() == 0:
        time.sleep(0.2)
    sent = time.monotonic()
    os.killpg(driver.pid, signal.SIGTERM)
    assert driver.wait(100) == 143
    assert time.monotonic() - sent < 20
    assert study.orphans() == []


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_nothing_is_lost_whatever_is_killed(short):
    """Fifteen kills: three of each kind."""
    hit = crash.run(15, 3, seed=1, where=short)
    assert sum(hit.values()) == 15
    assert {kind: hit.get(kind, 0) for kind in crash.KINDS} == dict.fromkeys(crash.KINDS, 3)
