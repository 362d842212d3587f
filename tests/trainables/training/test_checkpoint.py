"""Checkpoints are whole or absent, and a disk that takes no more is no fault of the training."""

from __future__ import annotations

import errno
import multiprocessing
import resource
import signal
from pathlib import Path

import pytest
import torch

from trainables.training import checkpoint


def _save_beyond_a_limit(path: Path, said) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # a disk that is full, for this process alone
    try:
        checkpoint.save(path, {"weights": torch.ones(1_000_000)})
    except BaseException as error:  # noqa: BLE001 - told to the test
        said.put((type(error).__name__, getattr(error, "errno", None)))


def test_a_disk_that_takes_no_more_is_an_os_error_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"weights": torch.ones(3)})
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    writer = context.Process(target=_save_beyond_a_limit, args=(path, said))
    writer.start()
    assert said.get(timeout=100) == ("OSError", errno.EFBIG)
    writer.join(100)
    assert torch.equal(checkpoint.load(path)["weights"], torch.ones(3))
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_content_that_cannot_be_saved_is_the_training_s_own_fault(tmp_path):
    with pytest.raises(Exception, match=r"(?i)pickle") as raised:
        checkpoint.save(tmp_path / "last.pt", {"weights": lambda: None})
    assert not isinstance(raised.value, OSError)
    assert list(tmp_path.iterdir()) == []
