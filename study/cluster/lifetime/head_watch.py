"""The head of a cluster that others have started: how long a driver waits for one that does not answer.

Ray's own library waits `gcs_rpc_server_reconnect_timeout_s` (60 s) and then ends the process from within, with a raw
message. A head whose state is kept outside (Redis) comes back before that; else the command ends here, a little
earlier, with what to do. Only the command line asks for this (`own_ray.restart_when_lost`).
"""

from __future__ import annotations

import os
import socket
import threading
import time

from study.base.errors import RunAgain
from study.cluster.lifetime import own_ray

INTERVAL = 1.0  # seconds between looks
RAYS_LIMIT = "RAY_gcs_rpc_server_reconnect_timeout_s"  # environment
SHARE = 0.75  # of Ray's own limit


def limit() -> float:
    """Seconds that a driver waits for a head."""
    return SHARE * float(os.environ.get(RAYS_LIMIT, "60"))


def watch(address: str) -> None:
    """End this command where the head's control store at `host:port` does not answer for `limit()` seconds."""
    if own_ray.restarts():
        threading.Thread(target=_watch, args=(address,), daemon=True, name="head-watch").start()


def _watch(address: str) -> None:
    import ray

    seen, said = time.monotonic(), False
    while ray.is_initialized():
        if answers(address):
            seen, said = time.monotonic(), False
        elif time.monotonic() - seen > limit():
            own_ray.leave(
                RunAgain.exit_code,
                f"error: The head of the cluster at {address} has not answered for {limit():.0f} s. Start it and its "
                "nodes again, and run the same command again: it goes on from here.",
            )
        elif not said and time.monotonic() - seen > 5 * INTERVAL:
            said = True
            own_ray.say(f"the head of the cluster at {address} does not answer; waiting for it for {limit():.0f} s")
        time.sleep(INTERVAL)


def answers(address: str) -> bool:
    """Whether somebody listens there."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=INTERVAL).close()
    except OSError:
        return False
    return True
