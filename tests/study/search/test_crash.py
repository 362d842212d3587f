"""The short form of `tests.study.search.crash`; the long one is a command (see there)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.study.search import crash


@pytest.fixture
def short():
    """A folder with a short name: Ray's sockets lie in it, and a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as where:
        yield Path(where)


@pytest.mark.timeout(900)
def test_killed_drivers_lose_and_double_nothing(short):
    """One driver is killed while its trials train; the study is run again to its end."""
    study, reference = crash.Study(short / "s"), crash.Study(short / "r")
    for each in (study, reference):
        each.root.mkdir()
    reference.run_to_end()
    assert study.attack("driver", 0.3, training=True) == "driver"
    assert study.epochs() > 0
    study.run_to_end()
    crash.check(study.root, reference.root)
    assert study.orphans() == []


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_nothing_is_lost_whatever_is_killed(short):
    """Nine kills: three of each kind."""
    hit = crash.run(9, 3, seed=1, where=short)
    assert sum(hit.values()) == 9
    assert {kind: hit.get(kind, 0) for kind in crash.KINDS} == dict.fromkeys(crash.KINDS, 3)
