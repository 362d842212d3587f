"""A short round of the soak (`make soak-short` plays longer ones): a whole study is killed, and ends as undisturbed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.soak.faults import Fault, play_round, reference

FAULTS = [Fault("tracking writer", 3, 0.5), Fault("raylet", 3, 1.0), Fault("driver", 14, 0.5)]
"""The driver about where replicates begin."""


@pytest.mark.timeout(600)
def test_a_study_that_loses_its_writer_its_ray_and_its_driver_ends_as_an_undisturbed_one():
    """In a folder of its own: pytest's are too deep for the names of Ray's sockets."""
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as scratch:
        where = Path(scratch)
        found = play_round(0, 0, FAULTS, reference(where), where, keep=False)
    assert not found.wrong, found.line()
    assert found.faults == tuple(fault.kind for fault in FAULTS)
