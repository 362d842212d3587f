"""Ray Tune's view of the engine, part two: what becomes of a running trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import cloudpickle
from ray.exceptions import RayTaskError
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from study.search.engine import Engine
from study.search.faults import describe, is_infrastructure


class EngineScheduler(FIFOScheduler):
    """Passes every result to the engine and does what it says. Tune itself never retries, pauses or restores."""

    def __init__(self, engine: Engine):
        super().__init__()
        self._engine = engine

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Record first, then decide."""
        cell, number = trial.config["cell"], trial.config["number"]
        if "failed" in result:
            self._engine.fail(cell, number, result["failed"])
            return TrialScheduler.STOP
        self._engine.record.note(cell, number, host=result["host"], device=result["device"])
        prefix = "metrics/"
        metrics = {name.removeprefix(prefix): float(v) for name, v in result.items() if name.startswith(prefix)}
        goes_on = self._engine.report(cell, number, int(result["epoch"]), metrics)
        return TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """The training returned, or was stopped by what `on_trial_result` said: then its record has ended already."""
        self._engine.end(trial.config["cell"], trial.config["number"])

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Tell what the cluster lost from what the code or the configuration did."""
        cell, number = trial.config["cell"], trial.config["number"]
        error = _error(trial)
        if is_infrastructure(error):
            self._engine.lost(cell, number, describe(error))
        else:
            self._engine.fail(cell, number, describe(error))


def _error(trial: Trial) -> BaseException | None:
    """What ended the trial: Tune hands it on in a file that it has just written. None: Tune kept no exception."""
    path = Path(trial.pickled_error_file) if trial.pickled_error_file else None
    if path is None or not path.is_file():
        return None
    error: BaseException = cloudpickle.loads(path.read_bytes())
    if isinstance(error, RayTaskError) and isinstance(error.cause, BaseException):
        return error.cause
    return error
