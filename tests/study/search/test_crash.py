"""The short form of `tests.study.search.crash`; the long one is a command (see there)."""

from __future__ import annotations

import pytest

from tests.study.search import crash


@pytest.mark.timeout(900)
def test_killed_drivers_lose_and_double_nothing(tmp_path):
    """One driver is killed while its trials train; the study is run again to its end."""
    study, reference = crash.Study(tmp_path / "s"), crash.Study(tmp_path / "reference")
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
def test_nothing_is_lost_whatever_is_killed(tmp_path):
    """Nine kills: three of each kind."""
    hit = crash.run(9, 3, seed=1, where=tmp_path)
    assert sum(hit.values()) == 9
    assert {kind: hit.get(kind, 0) for kind in crash.KINDS} == dict.fromkeys(crash.KINDS, 3)
