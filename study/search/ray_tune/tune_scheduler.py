"""Ray Tune's view of the engine, part two: what becomes of a running trial."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import ray
import ray.util
from ray import PlacementGroupID, cloudpickle
from ray.exceptions import RayTaskError
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.util.placement_group import PlacementGroup

from study.search.engine import Engine
from study.search.ray_tune.faults import describe, is_disk, is_infrastructure
from study.search.ray_tune.searcher import EngineSearcher


class EngineScheduler(FIFOScheduler):
    """Passes every result to the engine and does what it says. Tune itself never retries, pauses or restores."""

    def __init__(self, engine: Engine, searcher: EngineSearcher):
        super().__init__()
        self._engine = engine
        self._searcher = searcher
        self._live: dict[str, Trial] = {}
        self._groups: dict[tuple[str, int], str] = {}  # the last placement group of each trial's workers
        self._mailboxes: dict[str, str] = {}  # where the worker group of a trial, by Tune's id, waits for an answer

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the searcher."""
        return {}

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Watch the trial until its end."""
        self._live[trial.trial_id] = trial

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Called once a loop: first collect trials that Tune gave up on without a word, as it does when an actor
        cannot be used again (`TuneController._on_trial_reset`, ray 2.60)."""
        for trial in [trial for trial in self._live.values() if trial.status == Trial.ERROR]:
            self.on_trial_error(tune_controller, trial)
            self._searcher.on_trial_complete(trial.trial_id, error=True)
        return next((trial for trial in self._live.values() if trial.status == Trial.PENDING), None)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Record first, then decide."""
        cell, number = trial.config["cell"], trial.config["number"]
        if "failed" in result:
            self._engine.fail(cell, number, result["failed"])
            return TrialScheduler.STOP
        if "group" in result:
            self._groups[cell, number] = result["group"]
            self._mailboxes[trial.trial_id] = result["mailbox"]
            return self._answer(trial, True)
        self._engine.record.note(cell, number, host=result["host"], device=result["device"])
        prefix = "metrics/"
        metrics = {name.removeprefix(prefix): float(v) for name, v in result.items() if name.startswith(prefix)}
        goes_on = self._engine.report(cell, number, int(result["epoch"]), metrics)
        return self._answer(trial, goes_on)

    def _answer(self, trial: Trial, goes_on: bool) -> str:
        """What Tune is told. A worker group hears it itself, and its trial goes on for Tune until the group has ended:
        Tune would kill the group's driver, and with it nobody would end the group."""
        name = self._mailboxes.get(trial.trial_id)
        if name is None:
            return str(TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP)
        with contextlib.suppress(ValueError):  # it is gone: its trial's own error is on the way
            ray.get_actor(name).answer.remote(goes_on)
        return str(TrialScheduler.CONTINUE)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """The training returned, or was stopped by what `on_trial_result` said: then its record has ended already."""
        cell, number = trial.config["cell"], trial.config["number"]
        self._forget(trial)
        self._engine.end(cell, number)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Tell what a disk refused and what the cluster lost from what the code or the configuration did."""
        cell, number = trial.config["cell"], trial.config["number"]
        error = _error(trial)
        self._forget(trial)
        self._free_group(self._groups.get((cell, number)))
        if is_disk(error):
            self._engine.pause(f"trial {number} of {cell} could not write: {describe(error)}")
        elif is_infrastructure(error):
            self._engine.lost(cell, number, describe(error))
        else:
            self._engine.error(cell, number, describe(error))

    def _forget(self, trial: Trial) -> None:
        """The trial has ended. Tune would keep some 20 KB of running means of its metrics, which nobody reads here."""
        self._live.pop(trial.trial_id, None)
        self._mailboxes.pop(trial.trial_id, None)
        trial.metric_analysis.clear()
        trial.metric_n_steps.clear()

    def free_groups(self) -> None:
        """After the run: free what groups still hold that did not end by themselves, as when it was interrupted."""
        for group in self._groups.values():
            self._free_group(group)

    def _free_group(self, group: str | None) -> None:
        """Free what a worker group held whose driver died: without a dashboard Ray Train's own cleaner never does."""
        if group is None:
            return
        table = ray.util.placement_group_table()
        if table.get(group, {}).get("state", "REMOVED") != "REMOVED":
            ray.util.remove_placement_group(PlacementGroup(PlacementGroupID.from_hex(group)))


def _error(trial: Trial) -> BaseException | None:
    """What ended the trial: Tune hands it on in a file that it has just written. None: Tune kept no exception."""
    path = Path(trial.pickled_error_file) if trial.pickled_error_file else None
    if path is None or not path.is_file():
        return None
    error: BaseException = cloudpickle.loads(path.read_bytes())
    if isinstance(error, RayTaskError) and isinstance(error.cause, BaseException):
        return error.cause
    return error
