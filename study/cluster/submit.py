"""`study submit`: run a study as a Ray job, with the working directory's code, on a cluster that asks for a token."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from study.base.errors import StudyError
from study.cluster.connection import require_token
from study.spec.loading import load_spec
from study.spec.locations import folder

POLL = 2.0  # seconds between looks at a job
AGENT_START = 60.0  # seconds that a starting head gets to have an agent
NO_AGENT = "No available agent"
EXCLUDES = [
    ".git",
    ".venv",
    "runs",
    "mlruns",
    "**/__pycache__",
    "*.pt",
    "*.pth",
    "*.db",
]


def entrypoint(spec: Path, storage: Path) -> str:
    """The job's command: the nodes are examined first, and the study starts only where all of them are fit."""
    study = f"{shlex.quote(str(spec))} --dir {shlex.quote(str(storage))}"
    return f"python -m study doctor {study} && python -m study run {study}"


def runtime_env(where: Path, install: bool) -> dict[str, Any]:
    """What the job runs with: the code in `where`; with `install` also the packages that constraints.txt pins."""
    env: dict[str, Any] = {"working_dir": str(where), "excludes": EXCLUDES, "env_vars": {"PYTHONUNBUFFERED": "1"}}
    if install:
        pins = where / "constraints.txt"
        if not pins.is_file():
            raise StudyError(f"--install installs the versions that {pins} pins, but it does not exist. Add it.")
        env["pip"] = [line for line in pins.read_text().splitlines() if line and not line.startswith("#")]
    return env


def submit(
    spec: Path, storage: Path, address: str, *, install: bool = False, say: Callable[[str], None] | None = None
) -> str:
    """Submit a study; with `say` follow its output to the end. Returns the job's id.

    `storage`: the study directory, on a file system that all nodes share. Raises `StudyError` for a bad spec or
    directory, for a cluster that is not there or refuses the token, and when a followed job fails.
    """
    here = Path.cwd()
    load_spec(spec)
    folder(storage)
    if not spec.absolute().is_relative_to(here):
        raise StudyError(f"A job gets the working directory {here}, but {spec} lies outside. Copy it below, or cd.")
    if not storage.is_absolute():
        raise StudyError(
            f"A job's study directory is an absolute path on storage that all nodes share, got {str(storage)!r}: a "
            "relative one would vanish with the job's working directory. Give --dir /shared/runs/NAME."
        )
    require_token(address)
    env = runtime_env(here, install)
    from ray.exceptions import RayError
    from ray.job_submission import JobSubmissionClient

    try:
        client = JobSubmissionClient(address)
        job = _submitted(client, entrypoint(spec.absolute().relative_to(here), storage), env)
    except (ConnectionError, RuntimeError, RayError) as error:
        raise StudyError(
            f"The cluster at {address} did not take the job: {_first_line(error)} Check the address, and that "
            "RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH holds the cluster's token."
        ) from error
    if say is not None:
        say(f"job {job} submitted to {address}")
        _follow(client, job, say)
    return job


def _submitted(client: Any, command: str, env: Mapping[str, Any]) -> str:
    """The job's id. A head that has just started has no agent to take a job yet: it is asked again, with a limit."""
    deadline = time.monotonic() + AGENT_START
    while True:
        try:
            return str(client.submit_job(entrypoint=command, runtime_env=dict(env)))
        except RuntimeError as error:
            if NO_AGENT not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(POLL)


def _follow(client: Any, job: str, say: Callable[[str], None]) -> None:
    """Say what the job prints until it ends."""
    said = 0
    while True:
        status = client.get_job_status(job)
        text: str = client.get_job_logs(job)
        if len(text) > said:
            say(text[said:].rstrip("\n"))
            said = len(text)
        if status.is_terminal():
            break
        time.sleep(POLL)
    if status.value != "SUCCEEDED":
        info: Mapping[str, Any] = vars(client.get_job_info(job))
        raise StudyError(
            f"job {job} ended as {status.value}: {info.get('message')}. Its output is above; run it again."
        )


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
