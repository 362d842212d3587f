"""Reconciliation: write to a server what the study directory holds and the server lacks, run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasets.base.atomic_files import file_digest, text_digest
from study.tracking.backend.target import Target, local, local_artifacts
from study.tracking.desired.descriptions import experiment_description
from study.tracking.desired.desired_state import DesiredState
from study.tracking.desired.runs import Input, Point, Run
from study.tracking.desired.saved_views import saved_views
from study.tracking.sync import paths
from study.tracking.sync.sync_state import SyncState, SyncStateStore

if TYPE_CHECKING:
    from study.tracking.backend.client import Server


class Reconciler:
    """Writes the differences between the desired runs and what the server is known to hold.

    After a failure (a writer or a server died, a response was lost) the server is asked before anything is written: for
    the run, by its key; for its points, by metric and step. A point that is written twice is the same to the
    millisecond, which MLflow's databases store once: not even a lost request that arrives late leaves two.
    """

    def __init__(self, desired: DesiredState, target: Target):
        self._desired, self._target = desired, target
        self.store = SyncStateStore(paths.sync_states(desired.directory), target.name)
        self._states: dict[str, SyncState] = {}
        self._unverified: set[str] = set()  # keys whose state on the server is not certain
        self._possible_duplicates: set[str] = set()  # keys whose creation was requested twice
        self._server: Server | None = None

    def connect(self) -> Server:
        """The server, connected at first use: states of runs that it no longer has and duplicate runs are deleted."""
        if self._server is None:
            from study.tracking.backend.client import Server

            desired = self._desired
            server = Server(self._target, desired.identity.id)
            artifacts = local_artifacts(desired.directory) if self._target.uri == local(desired.directory) else None
            views = saved_views(desired.plan, desired.identity.sessions[0].time)
            tags = {"mlflow.note.content": experiment_description(desired.plan), **views}
            server.open(desired.plan.spec.study, artifacts, tags)
            self._load_states(server)
            self._server = server
        return self._server

    def write(self, key: str) -> None:
        """Write what is left of a run, its parents first. Raises whatever the server or the connection raises."""
        run = self._desired.run(key)
        if run is None:
            return
        state = self._ensure_run(run)
        try:
            self._write_batch(run, state)
            self._write_inputs(run, state)
            self._write_status(run, state)
        except Exception:
            self._unverified.add(key)
            raise
        self._unverified.discard(key)
        self.store.save(key, state)

    def files(self, key: str) -> None:
        """Upload the artifacts of a run that changed."""
        run = self._desired.run(key)
        if run is None or not run.files:
            return
        state = self._ensure_run(run)
        for path, folder in run.files:
            name, digest = f"{folder}/{path.name}", file_digest(path)
            if state.files.get(name) != digest:
                self.connect().upload(state.run_id, path, folder)
                state.files[name] = digest
                self.store.save(key, state)

    def model(self, key: str) -> None:
        """Log and register the model of a replicate, if it has one."""
        from study.tracking.backend.models import log_model

        run = self._desired.run(key)
        if run is None or run.model is None:
            return
        state = self._ensure_run(run)
        if state.model != run.model.digest:
            known = run.model.trial in self._desired.run_keys()
            trial = self._desired.run(run.model.trial) if known else None
            trial_run = None if trial is None else self._ensure_run(trial).run_id
            state.model_id = log_model(self.connect(), state.run_id, run, run.model, trial_run=trial_run)
            state.model = run.model.digest
            self.store.save(key, state)

    def delete_duplicates(self) -> None:
        """Delete duplicate runs that lost requests have created after all. Call it when no job is left."""
        for key in sorted(self._possible_duplicates):
            for run_id in set(self.connect().runs(key)[key]) - {self._states[key].run_id}:
                self.connect().delete(run_id)
        self._possible_duplicates.clear()

    def _load_states(self, server: Server) -> None:
        self._states = self.store.load()
        runs = server.runs()
        for key in set(self._states) - set(runs):
            self.store.delete(key)
            del self._states[key]
        for key, run_ids in runs.items():
            state = self._states.get(key)
            if state is None or state.run_id not in run_ids:
                state = self._states[key] = SyncState(run_id=run_ids[0])
            for run_id in set(run_ids) - {state.run_id}:
                server.delete(run_id)
        self._unverified = set(self._states)

    def _ensure_run(self, run: Run) -> SyncState:
        """The state of a run that exists on the server: created now, or found by its key after a failed creation."""
        server = self.connect()
        if run.key in self._states:
            return self._states[run.key]
        tags = self._tags(run)
        run_ids = server.runs(run.key).get(run.key, []) if run.key in self._unverified else []
        try:
            state = (
                SyncState(run_id=run_ids[0])
                if run_ids
                else SyncState(run_id=server.create(run, tags), tags=text_digest(tags))
            )
        except Exception:
            self._unverified.add(run.key)
            self._possible_duplicates.add(run.key)
            raise
        self._states[run.key] = state
        self.store.save(run.key, state)
        return state

    def _tags(self, run: Run) -> dict[str, str]:
        """A run's tags with the id of its parent's run, which is created first."""
        if run.parent is None:
            return dict(run.tags)
        if run.parent not in self._states:
            parent = self._desired.run(run.parent)
            assert parent is not None, f"{run.key} has no parent"
            self._ensure_run(parent)
        return {**run.tags, "mlflow.parentRunId": self._states[run.parent].run_id}

    def _write_batch(self, run: Run, state: SyncState) -> None:
        """Write points, changed values, parameters and tags in one call."""
        points = list(run.points[state.points :])
        if run.key in self._unverified and (points or run.values):
            steps = self.connect().steps(state.run_id, [point.key for point in points] + list(run.values))
            points = [point for point in points if (point.key, point.step) not in steps]
            for (name, step), value in sorted(steps.items()):
                if name in run.values:
                    state.values[name] = (value, step)
        at = run.ended or run.started
        changed = [
            Point(name, value, state.values[name][1] + 1 if name in state.values else 0, at)
            for name, value in run.values.items()
            if name not in state.values or state.values[name][0] != value
        ]
        tags = self._tags(run)
        params_digest, tags_digest = text_digest(run.params), text_digest(tags)
        if points or changed or params_digest != state.params or tags_digest != state.tags:
            self.connect().write(
                state.run_id,
                points + changed,
                run.params if params_digest != state.params else {},
                tags if tags_digest != state.tags else {},
                self._scored_model(run),
            )
        state.points, state.params, state.tags = len(run.points), params_digest, tags_digest
        state.values |= {point.key: (point.value, point.step) for point in changed}

    def _write_inputs(self, run: Run, state: SyncState) -> None:
        digest = text_digest([vars(dataset) for dataset in run.inputs])
        if run.inputs and digest != state.inputs:
            self.connect().inputs(state.run_id, run.inputs)
            state.inputs = digest

    def _write_status(self, run: Run, state: SyncState) -> None:
        status = run.status if run.kind == "trial" or run.ended is None else f"{run.status} {run.ended:.3f}"
        if status != (state.status or "RUNNING"):
            self.connect().end(state.run_id, run.status, run.ended)
            state.status = status

    def _scored_model(self, run: Run) -> tuple[str, Input] | None:
        """Id of the model that a run's values measure, and the data set that they measure it on."""
        model_id = self._states[run.scored_by].model_id if run.scored_by in self._states else ""
        return (model_id, run.scored_on) if model_id and run.scored_on else None
