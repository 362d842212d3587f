"""Whose fault a failed trial is: the disk's (the search stops), the cluster's (tried again), or the code's (FAIL)."""

from __future__ import annotations

import errno

from ray.exceptions import RayError, RayTaskError

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EACCES, errno.EPERM)


def is_infrastructure(error: BaseException | None) -> bool:
    """Lost actors and nodes, memory taken away, and files or connections that failed: not the configuration's doing.

    Ray wraps what training itself raised as `RayTaskError`; every other Ray error is about processes and nodes. None
    (Tune gave up on an actor without an exception) is the cluster's fault too.
    """
    if error is None:
        return True
    return isinstance(error, OSError | RayError) and not isinstance(error, RayTaskError)


def is_disk(error: BaseException | None) -> bool:
    """A disk that takes no more: full, over a quota, read-only, or no longer ours. Every other trial would meet it."""
    return isinstance(error, OSError) and error.errno in _OF_THE_DISK


def describe(error: BaseException | None) -> str:
    """One line for the record."""
    if error is None:
        return "the trial's process could not be used again"
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[-1] if text else ''}"[:500]
