"""`study ui`: MLflow's own server on this machine's loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.tracking.backend.target import resolve

HOST = "127.0.0.1"
START_TIMEOUT = 120.0  # seconds; a first start on a slow disk migrates the database

SHARE = """Only this machine can open it. To show it to others:
  - once:   ssh -L {port}:127.0.0.1:{port} THIS-HOST   and open the same address there;
  - always: run a team server with logins (docs/tracking.md), then `study track {directory} --uri https://SERVER`."""


def serve(plan: Plan, directory: StudyDirectory, port: int, echo: Callable[[str], None]) -> None:
    """Serve the study's database until interrupted; for a study tracked on a server, say where that is.

    Raises `StudyError` when there is nothing to show, when the port is taken, or when the server does not start.
    """
    target = resolve(plan.spec, directory)
    if target.remote:
        echo(f"{plan.spec.study} is tracked on a server: open {target.name}")
        return
    if target.uri.startswith("sqlite:///") and not Path(target.uri.removeprefix("sqlite:///")).exists():
        raise StudyError(f"MLflow's database {target.name} does not exist yet. Run `study track {directory.root}`.")
    port = _free_port(port)
    signal.signal(signal.SIGTERM, _interrupt)
    server = subprocess.Popen(command(port), env={**os.environ, **environment(target.uri)}, start_new_session=True)
    try:
        _wait_until_healthy(server, port)
        echo(f"http://{HOST}:{port}   (Ctrl-C ends it)")
        echo(SHARE.format(port=port, directory=directory.root))
        server.wait()
    except KeyboardInterrupt:
        echo("ended")
    finally:
        stop(server)


def command(port: int) -> list[str]:
    """MLflow's server; where its database is comes through the environment, which other users of a machine cannot
    read, as they can a command line."""
    options = ["--host", HOST, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    return [sys.executable, "-m", "mlflow", "server", *options]


def environment(uri: str) -> dict[str, str]:
    """Environment variables of the server."""
    return {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_REGISTRY_STORE_URI": uri,
        "PYTHONWARNINGS": "ignore",  # those of its libraries frighten, and nobody here can act on them
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server that `command` started, and its workers."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
            server.wait()


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StudyError(f"`study ui` needs a free port, but {port} is taken: {error}. Give --port 0.") from error
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise StudyError(f"MLflow's server ended at once with code {server.returncode}; its output is above.")
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=1.0)
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise StudyError(f"MLflow's server has not answered within {START_TIMEOUT:g} s; its output is above.")
