"""What a team's MLflow stands on, for tests: PostgreSQL as Debian packages it, and an S3 server (moto).

Both listen on free ports of the loopback interface, are started by the test, and are ended by their own process id.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.study.tracking.servers import free_port

PASSWORD = "another-password-only-for-tests"
KEYS = {"AWS_ACCESS_KEY_ID": "mlflow", "AWS_SECRET_ACCESS_KEY": "only-for-tests", "AWS_DEFAULT_REGION": "us-east-1"}
START_SECONDS = 60.0


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def absent() -> str:
    """Why no team server can be started here; empty where one can."""
    if programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    modules = ("psycopg", "boto3", "moto", "flask_cors")
    lacking = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} not installed: pip install -e '.[soak]'" if lacking else ""


class Postgres:
    """A cluster of its own in a temporary folder. PostgreSQL refuses to run as root: it runs as another user then."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="team-postgresql-"))
        self.user: int | None = None
        if os.getuid() == 0:
            names = {user.pw_name: user.pw_uid for user in pwd.getpwall()}
            self.user = names.get("postgres", names["nobody"])
            os.chown(self.folder, self.user, -1)
        self.process: subprocess.Popen[bytes] | None = None
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self.user is not None:
            os.chown(secret, self.user, -1)
        self._program("initdb", "-D", str(self.data), "-U", "mlflow", "-A", "scram-sha-256", "--pwfile", str(secret))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str, driver: str = "psycopg") -> str:
        """For SQLAlchemy."""
        return f"postgresql+{driver}://mlflow:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        root = programs()
        assert root is not None
        command = [str(root / "postgres"), "-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "-k", str(self.folder)], user=self.user, cwd=self.folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run([str(root / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]).returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.1)

    def create(self, *databases: str) -> None:
        for name in databases:
            self._program("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "mlflow", name)

    def stop(self) -> None:
        """Its fast shutdown: connections are closed, what was committed is on disk."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(START_SECONDS)
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _program(self, name: str, *arguments: str) -> None:
        root = programs()
        assert root is not None
        done = subprocess.run(
            [str(root / name), *arguments], user=self.user, cwd=self.folder, env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def postgresql(*databases: str) -> Iterator[Postgres]:
    """A running PostgreSQL with these databases."""
    server = Postgres()
    try:
        server.start()
        server.create(*databases)
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def object_store(bucket: str, log: Path) -> Iterator[str]:
    """The address of an S3 server with one bucket."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(address):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, "the S3 server does not start"
            time.sleep(0.1)
        client(address).create_bucket(Bucket=bucket)
        yield address
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def client(address: str):  # boto3 makes its clients' types at run time
    """A client of the S3 server."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], region_name=KEYS["AWS_DEFAULT_REGION"],
    )  # fmt: skip


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=1.0)
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True
