"""`study track`: write a whole study into any tracking server, from its directory alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from filelock import FileLock, Timeout

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.tracking.backend.target import require_driver, resolve
from study.tracking.desired import identity
from study.tracking.desired.desired_state import DesiredState
from study.tracking.sync import paths
from study.tracking.sync.worker import SyncWorker

RESPONSE_TIMEOUT = 60.0  # seconds without an answer after which the server counts as unreachable


def replay(plan: Plan, directory: StudyDirectory, uri: str | None, echo: Callable[[str], None]) -> None:
    """Write what the server at `uri` lacks; what it has already stays as it is.

    Raises `StudyError` while a run of this study is being tracked, when the server does not answer, and when it
    rejects the study or a write.
    """
    target = resolve(plan.spec, directory, uri)
    require_driver(target)
    if not paths.identity(directory).exists():
        identity.begin_session(plan, directory)
    lock = FileLock(paths.lock(directory), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyError(
            f"A study is written to MLflow by one process at a time, but {directory.root} is being tracked by a run of "
            "it. Wait until that ends; `study status` says how far behind it is."
        ) from error
    with lock:
        worker = SyncWorker(DesiredState(plan, directory, identity.load(directory)), target)
        worker.load()
        echo(f"writing {len(worker.state.run_keys())} runs to {target.name}")
        while not worker.queue.empty:
            worker.run_once(lambda: False)
            _raise_for_failure(worker, target.name)
            time.sleep(0.0 if worker.failure is None else 0.5)
    if worker.rejected:
        raise StudyError(f"{target.name} refused {len(worker.rejected)} writes, the first: {worker.error}")
    echo(f"{target.name} holds the study {plan.spec.study}")


def _raise_for_failure(worker: SyncWorker, target: str) -> None:
    if worker.access_denied:
        raise StudyError(
            f"{target} refuses the study: {worker.failure}. Credentials come from "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or MLFLOW_TRACKING_TOKEN)."
        )
    if worker.failing_since is not None and time.monotonic() - worker.failing_since > RESPONSE_TIMEOUT:
        raise StudyError(
            f"{target} has not answered for {RESPONSE_TIMEOUT:g} s: {worker.failure}. Check the address and the "
            "server, and run the same command again to go on."
        )
