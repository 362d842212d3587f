"""Submitting a study: refusals at once, and (slow) a real job on a head that asks for a token."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from study.base.errors import StudyError
from study.cluster.submit import _submitted, entrypoint, runtime_env, submit
from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials

ROOT = Path(__file__).parents[3]
SPEC = {
    "study": "submitted",
    "methods": ["supervised:ft", "simclr:ft"],
    "backbone": "test_resnet",
    "image_size": 32,
    "train": {"source": "synthetic", "fractions": [1.0]},
    "tests": ["synthetic_test"],
    "search": {"trials": 2, "shared_design": 2, "max_epochs": 1},
    "replicate": {"pairs": 1},
    "evaluate": {"copies": 1},
    "tracking": {"models": False},
}


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(SPEC))
    return path


def test_the_nodes_are_examined_before_the_study_starts():
    command = entrypoint(Path("my specs/a.yaml"), Path("/shared/runs/a"))
    doctor, run = command.split(" && ")
    assert doctor == "python -m study doctor 'my specs/a.yaml' --dir /shared/runs/a"
    assert run == doctor.replace("doctor", "run", 1)


def test_install_pins_every_package(tmp_path):
    with pytest.raises(StudyError, match=r"installs the versions that .*constraints.txt pins, but it does not exist"):
        runtime_env(tmp_path, install=True)
    env = runtime_env(ROOT, install=True)
    assert all("==" in line for line in env["pip"])
    assert any(line.startswith("torch==") for line in env["pip"])
    assert "pip" not in runtime_env(ROOT, install=False)


def test_what_would_vanish_or_not_travel_is_refused(spec, tmp_path, monkeypatch):
    with pytest.raises(
        StudyError, match=r"an absolute path on storage that all nodes share, got 'runs/x'.*--dir /shared"
    ):
        submit(spec, Path("runs/x"), "http://127.0.0.1:1")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    with pytest.raises(StudyError, match=r"gets the working directory .*below, but .*spec.yaml lies outside"):
        submit(spec, Path("/shared/x"), "http://127.0.0.1:1")


def test_a_cluster_without_tokens_is_refused(spec, monkeypatch):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.delenv("STUDY_ALLOW_CLUSTER_WITHOUT_TOKEN", raising=False)
    with pytest.raises(StudyError, match=r"RAY_AUTH_MODE is None .*anyone who reaches its ports could run code"):
        submit(spec, Path("/shared/x"), "http://127.0.0.1:1")


def test_a_cluster_that_is_not_there_is_named(spec, monkeypatch):
    monkeypatch.setenv("STUDY_ALLOW_CLUSTER_WITHOUT_TOKEN", "1")
    with pytest.raises(StudyError, match=r"The cluster at http://127.0.0.1:1 did not take the job"):
        submit(spec, Path("/shared/x"), "http://127.0.0.1:1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def head(tmp_path):
    """A head on the loopback interface with token authentication on: its dashboard's address and its environment."""
    scratch = tempfile.mkdtemp(prefix="ray")  # a short path: Ray's sockets lie below
    port, dashboard = free_port(), free_port()
    python = Path(sys.executable).parent
    env = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    env |= {"PATH": f"{python}:{os.environ['PATH']}", "RAY_TMPDIR": scratch, "OMP_NUM_THREADS": "1"}
    command = [python / "ray", "start", "--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1"]
    command += [
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={dashboard}",
        "--num-cpus=2",
        f"--ray-client-server-port={free_port()}",
    ]
    with (tmp_path / "head.txt").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 300
        while not answers(dashboard):
            assert process.poll() is None, (tmp_path / "head.txt").read_text()
            assert time.monotonic() < deadline, "the head did not come up"
            time.sleep(0.5)
        yield f"http://127.0.0.1:{dashboard}", env
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(scratch, ignore_errors=True)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_job_runs_the_study_and_is_refused_without_the_token(head, tmp_path):
    address, env = head
    storage, work = tmp_path / "runs" / "submitted", tmp_path / "work"
    for room in ("study", "trainables", "datasets", "search_spaces"):
        shutil.copytree(ROOT / room, work / room, ignore=shutil.ignore_patterns("__pycache__"))
    (work / "spec.yaml").write_text(yaml.safe_dump(SPEC))
    command = [sys.executable, "-m", "study", "submit", "spec.yaml", "--dir", str(storage), "--address", address]
    stranger = {**env, "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    wrong = subprocess.run(command, cwd=work, env=stranger, capture_output=True, text=True, timeout=120)
    assert wrong.returncode == 2, wrong.stdout + wrong.stderr
    assert "did not take the job" in wrong.stderr
    assert not storage.exists()
    done = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, timeout=700)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "1 node(s) fit" in done.stdout
    directory = StudyDirectory(storage)
    assert len(read_trials(directory.storage_url, "submitted")) == 4
    assert directory.report.is_file()


class _Starting:
    """A head whose agent comes with the third question."""

    asked = 0

    def submit_job(self, **_):
        self.asked += 1
        if self.asked < 3:
            raise RuntimeError("Request failed with status code 500: No available agent to submit job")
        return "job-1"


def test_a_head_that_has_just_started_is_asked_again(monkeypatch):
    monkeypatch.setattr("study.cluster.submit.POLL", 0.0)
    assert _submitted(_Starting(), "true", {}) == "job-1"


def test_but_not_for_ever(monkeypatch):
    monkeypatch.setattr("study.cluster.submit.AGENT_START", 0.0)
    with pytest.raises(RuntimeError, match="No available agent"):
        _submitted(_Starting(), "true", {})
