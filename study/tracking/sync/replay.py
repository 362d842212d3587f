"""`study track`: write a whole study into any tracking server, from its directory alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from filelock import FileLock, Timeout

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.tracking.backend.target import resolve
from study.tracking.desired import identity
from study.tracking.desired.state import Book
from study.tracking.sync import paths
from study.tracking.sync.queue import Queue
from study.tracking.sync.reconcile import Sync
from study.tracking.sync.worker import Pump

PATIENCE = 60.0  # seconds without an answer after which the server counts as out of reach


def replay(plan: Plan, directory: StudyDirectory, uri: str | None, say: Callable[[str], None]) -> None:
    """Write what the server at `uri` lacks; all that it has already stays as it is.

    Raises `StudyError` while a run of this study is being tracked, when the server stays away, and when it refuses.
    """
    target = resolve(plan.spec, directory, uri)
    if not paths.identity(directory).exists():
        identity.begin(plan, directory)
    lock = FileLock(paths.lock(directory), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyError(
            f"A study is written to MLflow by one process at a time, but {directory.root} is being tracked by a run of "
            "it. Wait until that ends; `study status` says how far behind it is."
        ) from error
    with lock:
        book = Book(plan, directory, identity.load(directory))
        book.load()
        queue = Queue()
        queue.add(book.known(), time.time())
        say(f"writing {len(book.known())} runs to {target.name}")
        pump = Pump(Sync(book, target), target, queue)
        while not queue.empty:
            pump.round(lambda: False)
            if pump.shut_out:
                raise StudyError(
                    f"{target.name} refuses the study: {pump.failure}. Credentials come from "
                    "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or MLFLOW_TRACKING_TOKEN)."
                )
            if pump.failing_since is not None and time.monotonic() - pump.failing_since > PATIENCE:
                raise StudyError(
                    f"{target.name} has not answered for {PATIENCE:g} s: {pump.failure}. Check the address and the "
                    "server, and run the same command again to go on."
                )
            time.sleep(0.0 if pump.failure is None else 0.5)
    if pump.refused:
        raise StudyError(f"{target.name} refused {len(pump.refused)} writes, the first: {pump.error}")
    say(f"{target.name} holds the study {plan.spec.study}")
