"""Whose fault a failed trial is."""

from __future__ import annotations

import errno

import pytest
from ray.exceptions import ActorDiedError, ObjectLostError, OutOfMemoryError, RayTaskError, WorkerCrashedError

from study.search.ray_tune.faults import describe, is_disk, is_infrastructure


@pytest.mark.parametrize(
    "error",
    [
        None,
        ActorDiedError(),
        WorkerCrashedError(),
        OutOfMemoryError("killed by the memory monitor"),
        ObjectLostError("0" * 56, None, ""),
        OSError("stale file handle"),
        ConnectionResetError(),
    ],
)
def test_lost_processes_memory_and_files_are_the_cluster_s(error):
    assert is_infrastructure(error)


@pytest.mark.parametrize(
    "error", [ValueError("no such layer"), MemoryError(), RayTaskError("train", "traceback", ValueError("x"))]
)
def test_what_training_raises_is_its_own(error):
    assert not is_infrastructure(error)


def test_only_a_disk_that_takes_no_more_is_the_disk_s():
    assert is_disk(OSError(errno.ENOSPC, "No space left on device"))
    assert is_disk(OSError(errno.EROFS, "Read-only file system"))
    assert is_disk(PermissionError(errno.EACCES, "Permission denied"))
    assert not any(map(is_disk, (OSError(errno.ESTALE, "Stale file handle"), ConnectionResetError(), None)))


def test_the_record_gets_one_line():
    assert describe(ValueError("first\nlast")) == "ValueError: last"
    assert describe(ActorDiedError()).startswith("ActorDiedError: ")
    assert len(describe(ValueError("x" * 9999))) == 500
    assert describe(None) == "the trial's process could not be used again"
