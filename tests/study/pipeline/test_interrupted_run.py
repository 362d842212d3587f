"""A run that is interrupted does not wait for the server of tracking: the next one writes the rest."""

from __future__ import annotations

import pytest

from study.pipeline import run
from study.protocol.opening import start_study
from study.store.stage import Observer, StageContext
from tests.study.example_study import spec


class Tracker(Observer):
    """Notes how long it may take to end."""

    def __init__(self) -> None:
        self.limits: list[float] = []

    def close(self, timeout: float = 60.0) -> None:
        self.limits.append(timeout)


@pytest.mark.parametrize(
    ("error", "limit"),
    [(KeyboardInterrupt(), run.INTERRUPTED), (SystemExit(143), run.INTERRUPTED), (ValueError(), 60.0), (None, 60.0)],
)
def test_the_writer_gets_little_time_after_an_interruption(error, limit, tmp_path, monkeypatch):
    tracker = Tracker()
    monkeypatch.setattr(run, "open_tracker", lambda *_: tracker)
    monkeypatch.setattr(run, "require_space", lambda _: None)
    plan, directory = start_study(spec(), tmp_path / "study")
    context = StageContext(plan=plan, directory=directory, observers=(), address=None, reopen=None)
    if error is None:
        with run._tracked(context):
            pass
    else:
        with pytest.raises(type(error)), run._tracked(context):
            raise error
    assert tracker.limits == [limit]
