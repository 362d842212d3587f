"""A real `mlflow server` on the loopback interface, with or without logins, that can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from study.tracking.ui import environment

USER, PASSWORD = "alicia-of-the-team", "a-password-only-for-tests"


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where a server keeps runs and users (SQLAlchemy URLs) and artifacts, and the variables that it alone needs."""

    database: str
    users: str
    artifacts: str
    variables: Mapping[str, str] = field(default_factory=dict)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MlflowServer:
    """Keeps its database and artifacts under `root`, or in `stores`, whatever happens to its processes."""

    def __init__(self, root: Path, login: bool = True, stores: Stores | None = None):
        self.root, self.login = root, login
        root.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.stores = stores or Stores(
            database=f"sqlite:///{root / 'server.db'}",
            users=f"sqlite:///{root / 'auth.db'}",
            artifacts=str(root / "artifacts"),
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Without credentials."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        """With them."""
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}" if self.login else self.address

    @property
    def variables(self) -> dict[str, str]:
        """What a user of the server sets in the environment."""
        login = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
        return {"MLFLOW_TRACKING_URI": self.address} | (login if self.login else {})

    def start(self, limit: float = 300.0) -> MlflowServer:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--artifacts-destination", self.stores.artifacts]
        env = {**os.environ, **environment(self.stores.database), **self.stores.variables}
        if self.login:
            config = self.root / "auth.ini"
            config.write_text(
                "[mlflow]\ndefault_permission = NO_PERMISSIONS\n"
                f"database_uri = {self.stores.users}\n"
                f"admin_username = {USER}\nadmin_password = {PASSWORD}\n"
            )
            command += ["--app-name", "basic-auth"]
            env |= {"MLFLOW_AUTH_CONFIG_PATH": str(config), "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-tests"}
        log = (self.root / "server.log").open("ab")
        self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True, cwd=self.root)
        log.close()
        try:
            self._wait(limit)
        except BaseException:
            self.kill()
            raise
        return self

    def _wait(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while not self.answers():
            assert self.process.poll() is None, (self.root / "server.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/health", timeout=1.0)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def kill(self) -> None:
        """As a power cut would: all its processes at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def __enter__(self) -> MlflowServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
