"""The Ray cluster: how to reach it, what it has, and plain functions spread over it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from study.base.errors import StudyError

LOST_RETRIES = 5  # how often a task whose process or node was lost is run again
LOOK = 5.0  # seconds between looks at whether the driver's node still lives
INSECURE = "STUDY_ALLOW_CLUSTER_WITHOUT_TOKEN"
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_THRESHOLD_S": "30",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_STATE_TRACKING": "0",
}


class TaskError(StudyError):
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


def connect(address: str | None = None, *, dashboard: bool = False) -> None:
    """Join the cluster at `address` (or the one that this job runs on), or start one on this machine. Idempotent.

    A cluster of this machine alone listens on the loopback interface and opens no dashboard unless asked. On any
    other, token authentication must be on: whoever reaches an open Ray port runs code there (CVE-2023-48022).
    """
    import ray

    if ray.is_initialized():
        return
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    address = address or os.environ.get("RAY_ADDRESS")
    if address is not None:
        require_token(address)
        _init(address=address)
        return
    # "local": without it Ray joins whatever cluster was last started on this machine, whoever started it.
    _init(address="local", include_dashboard=dashboard, dashboard_host="127.0.0.1")


def require_token(address: str) -> None:
    """Refuse a cluster without token authentication, unless the environment accepts the risk by name."""
    if os.environ.get("RAY_AUTH_MODE") == "token" or os.environ.get(INSECURE) == "1":
        return
    raise StudyError(
        f"A cluster is used with token authentication, but RAY_AUTH_MODE is {os.environ.get('RAY_AUTH_MODE')!r} for "
        f"{address}: anyone who reaches its ports could run code on it. Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or "
        f"RAY_AUTH_TOKEN_PATH) here and on every node, or accept the risk with {INSECURE}=1."
    )


def _init(**arguments: Any) -> None:
    import ray
    from ray.exceptions import RayError

    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **arguments)
    except (ConnectionError, RuntimeError, RayError) as error:
        where = arguments.get("address", "this machine")
        raise StudyError(
            f"No Ray cluster could be reached or started at {where}: {error}. Check the address."
        ) from error


def nodes() -> list[dict[str, float]]:
    """What each living node has in all, e.g. `{"CPU": 8, "GPU": 2}`."""
    import ray

    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


def has_gpus() -> bool:
    """Whether any living node has a GPU."""
    return any(node.get("GPU", 0) > 0 for node in nodes())


class Pulse:
    """Whether this driver's own node still lives. Ray's driver mostly ends with its node, but not always: what it
    then waits for never comes."""

    def __init__(self) -> None:
        import ray

        self._node = ray.get_runtime_context().get_node_id()
        self._looked = time.monotonic()
        self._lost = False

    def lost(self) -> bool:
        """Whether the cluster has declared the node dead; looks every `LOOK` seconds."""
        import ray

        if not self._lost and time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            self._lost = not any(node["Alive"] and node["NodeID"] == self._node for node in ray.nodes())
        return self._lost

    def check(self) -> None:
        """Raise `StudyError` once the node is lost."""
        if self.lost():
            raise StudyError("The Ray node of this driver has died. Run the same command again: it goes on from here.")


def run_tasks(tasks: Sequence[Task], *, max_concurrent: int | None = None) -> Iterator[tuple[str, Any]]:
    """Run the tasks over the cluster and yield `(key, result)` as they end.

    Tasks whose process or node was lost run again, up to `LOST_RETRIES` times. Raises `TaskError` for the first task
    that fails by itself; the others are cancelled. Raises `StudyError` when the driver's own node has died. Never more
    than `max_concurrent` (default: one for each CPU of the cluster, twice) are handed to Ray at once.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    if not tasks:
        return
    connect()
    gpus = 1.0 if has_gpus() else 0.0
    limit = max_concurrent or max(2, 2 * int(sum(node.get("CPU", 0) for node in nodes())))
    waiting = list(reversed(tasks))
    running: dict[Any, Task] = {}
    pulse = Pulse()
    try:
        while waiting or running:
            pulse.check()
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
                    raise TaskError(f"{task.key} failed: {type(cause).__name__}: {cause}") from error
                except RayError as error:
                    raise TaskError(f"{task.key} lost its process {LOST_RETRIES + 1} times: {error}") from error
                yield task.key, result
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def wait_for(condition: Callable[[], bool], *, timeout: float, what: str) -> None:
    """Wait until a condition holds. Raises `StudyError` when it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise StudyError(f"Waited {timeout:g} s for {what}, which did not come. Look at the cluster's state.")
        time.sleep(0.2)
