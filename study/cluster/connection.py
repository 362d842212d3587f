"""The Ray cluster: how to reach it, and what its nodes have."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from study.base.errors import RunAgain, StudyError
from study.cluster.lifetime import guarding, head_watch, own_ray

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
        if not address.startswith("ray://"):  # its client has limits of its own
            head_watch.watch(ray.get_runtime_context().gcs_address)
        return
    # "local": without it Ray joins whatever cluster was last started on this machine, whoever started it.
    guarding.guard_ray()
    with _loopback():
        _init(address="local", include_dashboard=dashboard, dashboard_host="127.0.0.1")
    own_ray.watch()


@contextmanager
def _loopback() -> Iterator[None]:
    """What Ray starts inside listens on the loopback interface alone: every process of it, with every port.

    It is what Ray does on systems that it runs no clusters on; `_node_ip_address="127.0.0.1"` it turns into the
    machine's own address (`services.resolve_ip_for_localhost`, ray 2.60). The raylet hands the variable on to workers.
    """
    from ray._private import ray_constants

    name, before = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR, ray_constants.ENABLE_RAY_CLUSTER
    value = os.environ.get(name)
    os.environ[name], ray_constants.ENABLE_RAY_CLUSTER = "0", False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


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
    except Exception as error:
        if type(error) is not Exception:  # Ray's own way to say that its processes were not up in time
            raise
        raise RunAgain(
            f"Ray did not start here in time: {str(error).partition('. ')[0]}. Wait until the machine has less to do, "
            "and run the same command again."
        ) from error


def nodes() -> list[dict[str, float]]:
    """What each living node has in all, e.g. `{"CPU": 8, "GPU": 2}`."""
    import ray

    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


def has_gpus() -> bool:
    """Whether any living node has a GPU."""
    return any(node.get("GPU", 0) > 0 for node in nodes())
