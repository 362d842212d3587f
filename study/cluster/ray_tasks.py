"""Plain functions that run once each, spread over the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from study.base.errors import MachineError, RunAgain
from study.cluster import connection
from study.cluster.heartbeat import NodeHeartbeat

LOST_RETRIES = 5  # how often a task runs again when its process or node was lost


class TaskError(MachineError):
    """A task failed by its own doing; the message names it and says how."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A plain function to run once on the cluster. `gpus` None means one where the cluster has GPUs."""

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    cpus: float = 1.0
    gpus: float | None = None
    ends_process: bool = False  # its process ends with it, and takes along what the task has started


def run_tasks(tasks: Sequence[Task], *, max_concurrent: int | None = None) -> Iterator[tuple[str, Any]]:
    """Run the tasks over the cluster and yield `(key, result)` as they end.

    Tasks whose process or node was lost run again, up to `LOST_RETRIES` times. Raises `TaskError` for the first task
    that fails by itself; the others are cancelled. Raises `RunAgain` when the driver's own node has died. Never more
    than `max_concurrent` (default: one for each CPU of the cluster, twice) are handed to Ray at once.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    if not tasks:
        return
    connection.connect()
    gpus = 1.0 if connection.has_gpus() else 0.0
    limit = max_concurrent or max(2, 2 * int(sum(node.get("CPU", 0) for node in connection.nodes())))
    waiting = list(reversed(tasks))
    running: dict[Any, Task] = {}
    heartbeat = NodeHeartbeat()
    try:
        while waiting or running:
            heartbeat.check()
            while waiting and len(running) < limit:
                task = waiting.pop()
                calls = 1 if task.ends_process else 0  # 0: any number, the process is used again
                remote = ray.remote(max_calls=calls)(task.function).options(
                    num_cpus=task.cpus,
                    num_gpus=gpus if task.gpus is None else task.gpus,
                    max_retries=LOST_RETRIES,
                    retry_exceptions=False,
                )
                running[remote.remote(*task.arguments)] = task
            done, _ = ray.wait(list(running), num_returns=1, timeout=5.0)
            for reference in done:
                task = running.pop(reference)
                try:
                    result = ray.get(reference)
                except RayTaskError as error:
                    cause = error.cause if isinstance(error.cause, BaseException) else error
                    said = str(cause).strip().removesuffix(".")
                    raise TaskError(
                        f"{task.key} failed: {type(cause).__name__}: {said}. Mend the cause, and run the same command "
                        "again: it goes on from here."
                    ) from error
                except RayError as error:
                    lost = f"{task.key} lost its process {LOST_RETRIES + 1} times: {str(error).splitlines()[0]}"
                    raise RunAgain(f"{lost}. Run the same command again: it goes on from here.") from error
                yield task.key, result
    finally:
        for reference in running:
            ray.cancel(reference, force=True)
