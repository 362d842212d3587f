"""Ray Tune's view of an interruption: end the run, decide nothing about its trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ray.tune import Stopper


class Interruption(Stopper):
    """Ends the whole run once `asked` says so. Trials stay RUNNING in the record and go on with the next run."""

    def __init__(self, asked: Callable[[], bool]):
        self._asked = asked

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the searcher."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Never stops a single trial: that is the engine's decision."""
        return False

    def stop_all(self) -> bool:
        """Whether the run ends now."""
        return self._asked()
