"""What Tune is told when it asks for a trial."""

from __future__ import annotations

from ray.tune.search import Searcher

from study.search.ray_tune.searcher import EngineSearcher


class _Waiting:
    """An engine whose next trial waits for room."""

    def peek(self):
        return "simclr-ft-1"

    def close(self):
        raise AssertionError("a run that ends early stays resumable")


def test_a_run_that_ends_gives_no_trial_even_where_none_lives():
    """Tune asks for ten minutes, without asking its stopper, when there is no trial and no room: a dead node's case."""
    over = False
    searcher = EngineSearcher(_Waiting(), lambda trial: {}, lambda cell, live: False, lambda: over)
    assert searcher.suggest("a") is None
    over = True
    assert searcher.suggest("b") == Searcher.FINISHED
