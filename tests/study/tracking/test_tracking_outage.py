"""A study through outages: nothing lost, nothing twice. The short form; `python -m tests.study.tracking.outage` is the
long one."""

from __future__ import annotations

import pytest

from tests.study.tracking.outage import run


@pytest.mark.timeout(900)
def test_a_server_and_a_driver_that_die_leave_every_value_once(tmp_path):
    """A real server: killed and started again, then the driver, then the writer."""
    compared = run(tmp_path, kills=3, trials=4, pause=0.4, away=1.0, login=False)
    assert (compared["server"], compared["driver"], compared["writer"]) == (1, 1, 1)
    assert compared["trials"] == 8
    assert compared["points"] > 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_outages(tmp_path):
    compared = run(tmp_path, kills=20, trials=100, pause=0.2, away=5.0)
    assert compared["trials"] == 200
