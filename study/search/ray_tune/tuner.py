"""The search of a whole study: one Ray Tune run over all cells, driven by the engine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from search_spaces.domains import Value
from study.base.errors import MachineError
from study.cluster import connection
from study.cluster.capacity import ClusterCapacity
from study.cluster.heartbeat import NodeHeartbeat
from study.cluster.lifetime import guarding
from study.plan.cells import Cell, Plan
from study.search.checkpoints import Keeper
from study.search.engine import Engine, Listener
from study.store.dashboard_notes import describe
from study.store.directory import StudyDirectory
from study.store.lock import only_driver
from study.store.trial import TrialRecord
from study.store.trial_storage import Record, open_storage
from study.store.trial_table import TrialTable
from trainables.job import Job
from trainables.ray_train import TRAIN

MakeJob = Callable[[Cell, int, Mapping[str, Value]], Job]
NEVER = "1e9"  # seconds
MAX_PENDING = 1024  # Tune's own limit of trials whose actors start at once; the engine's limit is what counts


def run_search(
    plan: Plan,
    directory: StudyDirectory,
    make_job: MakeJob,
    *,
    address: str | None = None,
    on_event: Listener | None = None,
    max_concurrent: int | None = None,
    train: str = TRAIN,
) -> None:
    """Search until every cell has its budget; goes on where the record ends.

    `make_job` runs in this process. `train` names the training function (`module:function`). SIGINT and SIGTERM end the
    search cleanly, leave the record resumable, and raise `KeyboardInterrupt` or `SystemExit`. Raises `StudyError` when
    another process searches this study, when a cell can never be placed on the cluster, or when the driver's node died,
    and `MachineError` when a disk is full or trial after trial ends in an error.
    """
    with only_driver(directory.root):
        storage = open_storage(directory.storage_url)
        record = Record(
            storage,
            plan.spec.study,
            [cell.key for cell in plan.cells],
            objective=plan.spec.search.objective,
            direction=plan.spec.search.direction,
        )
        describe(storage, plan)
        keeper = Keeper(plan, directory)
        engine = Engine(plan, record, _tidying(keeper, record, on_event))
        for cell, trials in record.cells.items():  # an earlier driver may have died between an end and its tidying
            keeper.tidy(cell, trials)
        if engine.peek() is None:
            engine.close()
            return
        connection.connect(address)
        capacity = ClusterCapacity(plan, max_concurrent or plan.spec.resources.max_concurrent)
        heartbeat = NodeHeartbeat()
        with _interruptible() as interrupted:
            _tune(plan, engine, capacity, make_job, train, lambda: _ends(interrupted, engine, heartbeat))
        if interrupted.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if interrupted.signal is not None:
            raise SystemExit(128 + interrupted.signal)
        heartbeat.check()
        if engine.paused is not None:
            raise MachineError(
                f"The search has stopped: {engine.paused}. No trial was charged for it. Mend the cause and run the "
                "same command again: it goes on from here."
            )


def _ends(interrupted: _Interrupted, engine: Engine, heartbeat: NodeHeartbeat) -> bool:
    return interrupted.signal is not None or engine.paused is not None or heartbeat.lost()


def _tidying(keeper: Keeper, record: TrialTable, on_event: Listener | None) -> Listener:
    def heard(trial: TrialRecord) -> None:
        if trial.finished:
            keeper.tidy(trial.cell, record.cells[trial.cell])
        if on_event is not None:
            on_event(trial)

    return heard


def _tune(
    plan: Plan, engine: Engine, capacity: ClusterCapacity, make_job: MakeJob, train: str, ends: Callable[[], bool]
) -> None:
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(MAX_PENDING)
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = NEVER  # Tune would save a state that nothing is ever restored from
    from ray import tune

    from study.search.ray_tune.searcher import EngineSearcher
    from study.search.ray_tune.stopper import Interruption
    from study.search.ray_tune.tune_scheduler import EngineScheduler
    from trainables import ray_train

    def configure(trial: TrialRecord) -> dict[str, Any]:
        cell = plan.cell(trial.cell)
        bundles = capacity.request(trial.cell)
        return {
            "cell": trial.cell,
            "number": trial.number,
            "job": make_job(cell, trial.number, trial.params).to_json(),
            "train": train,
            "workers": cell.resources.workers,
            "own": bundles[0],
            "worker": bundles[-1],
        }

    with guarding.scratch("study-tune-") as scratch:
        searcher = EngineSearcher(engine, configure, capacity.can_place, ends)
        scheduler = EngineScheduler(engine, searcher)
        tune.Tuner(
            tune.with_resources(ray_train.trial, resources=_bundles),
            tune_config=tune.TuneConfig(
                num_samples=-1,
                search_alg=searcher,
                scheduler=scheduler,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=scratch,
                verbose=0,
                stop=Interruption(ends),
            ),
        ).fit()
        scheduler.free_groups()


def _bundles(config: Mapping[str, Any]) -> Any:
    return _factory(tuple(sorted(config["own"].items())))


@lru_cache
def _factory(own: tuple[tuple[str, float], ...]) -> Any:
    """What a trial's own process asks of the cluster; one object for all that ask alike, because Tune keeps it."""
    from ray import tune

    return tune.PlacementGroupFactory([dict(own)])


class _Interrupted:
    signal: int | None = None


@contextmanager
def _interruptible() -> Iterator[_Interrupted]:
    """SIGINT and SIGTERM set a flag inside; outside of the main thread signals are none of our business."""
    state = _Interrupted()
    if threading.current_thread() is not threading.main_thread():
        yield state
        return

    def remember(number: int, _frame: object) -> None:
        state.signal = number

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
