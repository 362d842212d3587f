"""A directory that cannot be written, or whose disk is full, is said before anything starts."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from study.base.errors import MachineError, StudyError
from study.cli import app
from study.cluster.submit import submit
from study.store import disk
from study.store.directory import StudyDirectory, at
from study.store.lock import only_driver

Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_is_said_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(2**40, 2**40 - 2**20, 2**20))
    with pytest.raises(MachineError, match=r"needs 256 MiB of free disk to start, but .* has 1 MiB. Make room"):
        disk.require_space(StudyDirectory(tmp_path))
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(2**40, 0, disk.LEAST_FREE))
    disk.require_space(StudyDirectory(tmp_path))


def test_a_directory_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("study.store.lock.FileLock.acquire", refuse)
    with (
        pytest.raises(MachineError, match=r"cannot be written: Read-only file system. Give the right"),
        only_driver(tmp_path),
    ):
        pass
    (tmp_path / "file").touch()
    with (
        pytest.raises(MachineError, match="cannot be written: Not a directory"),
        only_driver(tmp_path / "file" / "study"),
    ):
        pass


@pytest.mark.parametrize("root", ["s3://bucket/runs/a", Path("s3://bucket/runs/a"), "gs://b", "file:///tmp/a"])
def test_a_study_directory_in_an_object_store_is_refused(root):
    with pytest.raises(
        StudyError, match=r"a folder of a file system, got (s3://bucket/runs/a|gs://b|file:///?tmp/a)\. Use"
    ):
        at(root)
    assert at("C:/runs").root.name == "runs"
    assert at("runs/a:b").root == Path.cwd() / "runs" / "a:b"


def test_every_command_refuses_an_object_store_before_it_makes_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (
        ["run", "demo", "--dir", "s3://b/a"],
        ["status", "s3://b/a"],
        ["doctor", "demo", "--dir", "s3://b/a"],
    ):
        ran = CliRunner().invoke(app, command)
        assert isinstance(ran.exception, StudyError), (command, ran.output)
        assert "got s3://b/a. Use a local disk, or a file system that all nodes share" in str(ran.exception)
    with pytest.raises(StudyError, match="got s3://b/a"):
        submit(Path("demo"), Path("s3://b/a"), "http://127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        ("StudyError('a rule')", 2, "error: a rule"),
        ("MachineError('a full disk')", 1, "error: a full disk"),
        ("RunAgain('a lost node')", 75, "error: a lost node"),
        ("OSError(errno.ENOSPC, 'No space left', 'trials.db')", 1, "error: trials.db: No space left. Mend this"),
        ("KeyboardInterrupt", 130, "run the same command again"),
        ("SystemExit(143)", 143, "run the same command again"),
        ("ValueError('a fault of ours')", 1, "Traceback"),
    ],
)
def test_each_documented_exit_code(raised, code, said):
    text = f"""
import errno
from study import cli
from study.base.errors import MachineError, RunAgain, StudyError
def app(): raise {raised}
cli.app = app
cli.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=100, cwd=Path(__file__).parents[3]
    )
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
