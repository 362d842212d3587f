"""Ray Tune's view of the engine, part one: which trial starts next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from study.search.engine import Engine
from study.store.trial import TrialRecord

Configure = Callable[[TrialRecord], dict[str, Any]]


class EngineSearcher(Searcher):
    """Hands out the engine's trials while the cluster has room for them.

    A trial is asked for when it can start, not earlier: its sampler then knows all results that there are. Nothing is
    saved or restored by Tune: the record is the only state.
    """

    def __init__(
        self,
        engine: Engine,
        configure: Configure,
        can_place: Callable[[str, list[str]], bool],
        ends: Callable[[], bool],
    ):
        super().__init__()
        self._engine = engine
        self._ends = ends
        self._configure = configure
        self._can_place = can_place
        self.live: dict[str, TrialRecord] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles what it could restore from; the record is where a study goes on from."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """The next trial's configuration; None while the cluster is full; FINISHED when nothing is left to start
        or the run ends: where no trial lives, Tune asks here for ten minutes before it asks its stopper."""
        if self._ends():
            return Searcher.FINISHED
        cell = self._engine.peek()
        if cell is None:
            if self.live:
                return None
            self._engine.close()
            return Searcher.FINISHED
        if not self._can_place(cell, [trial.cell for trial in self.live.values()]):
            return None
        trial = self._engine.next()
        assert trial is not None, "a cell that was there a moment ago has a trial to give"
        self.live[trial_id] = trial
        return self._configure(trial)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """The trial's place is free again."""
        self.live.pop(trial_id, None)

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing: see the class."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: see the class."""

    def restore(self, checkpoint_path: str) -> None:
        """Refused: a study is resumed from its record."""
        raise NotImplementedError("a study is resumed from its Optuna storage, never by Tune")
