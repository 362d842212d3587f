"""Taking turns: one trial computes what others wait for, on whatever node they are."""

from __future__ import annotations

import time
from collections.abc import Callable

from filelock import FileLock, Timeout

from trainables.training import distributed

POLL = 5.0  # seconds between looks at whether another trial has it ready; far below any collective's time-out
WAIT = 24 * 3600.0  # that a trial waits for another, longer than any computation takes


def wait_for_turn(ready: Callable[[], bool], lock: FileLock) -> bool:
    """True: nobody has it, and the lock is ours to release. False: it is there.

    The first process of a worker group looks, and all hear what it saw. The wait is a part of the trial's seconds,
    because the trial holds its device meanwhile. Raises `OSError` after a day.
    """
    deadline = time.monotonic() + WAIT
    while True:
        # All ranks hear of it often enough that no collective times out.
        look = distributed.gather(_look(ready, lock) if distributed.rank() == 0 else None)[0]
        if look is not None:
            return bool(look)
        if distributed.gather(time.monotonic() > deadline)[0]:
            raise OSError(
                f"Waited {WAIT / 3600:g} h for the trial that holds {lock.lock_file}. Stop the lock's holder."
            )


def _look(ready: Callable[[], bool], lock: FileLock) -> bool | None:
    if ready():
        return False
    try:
        lock.acquire(timeout=POLL)
    except Timeout:
        return None
    return not ready()
