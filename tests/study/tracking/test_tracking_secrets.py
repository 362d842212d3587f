"""Credentials stay in memory: no file of a study and nothing in MLflow holds them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.base.errors import StudyError
from study.spec.loading import parse_spec
from study.tracking import read_backlog
from tests.study.tracking.servers import PASSWORD, USER, MlflowServer
from tests.study.tracking.studies import start

ROOT = Path(__file__).parents[3]
DRIVE = """
import sys
from pathlib import Path
from study.tracking import open_tracker
from tests.study.tracking.studies import finish, search, start
plan, directory = start(Path(sys.argv[1]), trials=2, methods=["supervised:ft"])
tracker = open_tracker(plan, directory)
search(plan, directory, tracker.on_trial)
if not directory.selection.exists():
    finish(plan, directory)
tracker.on_stage_end("report", 0.0)
tracker.close(timeout=float(sys.argv[2]))
"""


def holders(root: Path, *words: str) -> list[str]:
    """Files below `root` whose bytes hold one of the words."""
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if any(word.encode() in path.read_bytes() for word in words)]


def drive(root: Path, uri: str, timeout: float) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    command = [sys.executable, "-c", DRIVE, str(root), str(timeout)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.mark.timeout(900)
def test_a_uri_with_user_and_password_leaves_no_trace(tmp_path):
    """Through the outage that is most likely to print it, a wrong login, and a whole study."""
    with MlflowServer(tmp_path / "server") as server:
        study = tmp_path / "study"
        said = [drive(study, server.uri.replace(PASSWORD, "wrong-password"), 120.0)]
        _, directory = start(study, trials=2, methods=["supervised:ft"])
        backlog = read_backlog(directory)
        assert backlog.waiting
        assert "401" in str(backlog.error), backlog
        said.append(drive(study, server.uri, 500.0))
        assert read_backlog(directory).waiting == 0, read_backlog(directory)
        server.kill()
        said.append(drive(study, server.uri, 0.5))
        secrets = (PASSWORD, "wrong-password", f"{USER}:")
        assert not holders(study, *secrets, USER)
        assert not holders(server.root / "artifacts", *secrets, USER)
        assert not [path for path in holders(server.root, *secrets) if not path.endswith(("auth.ini", "server.log"))]
        assert (server.root / "server.db").read_bytes().count(USER.encode()) == 0, "nor does MLflow know who wrote"
        assert not [word for word in (*secrets, USER) for done in said if word in done.stdout + done.stderr]


def test_a_spec_with_a_password_is_refused():
    raw = {"study": "s", "methods": ["a:ft"], "train": {"source": "synthetic"}, "tests": ["synthetic_test"]}
    with pytest.raises(StudyError, match="a URI carries no password") as refusal:
        parse_spec({**raw, "tracking": {"uri": "https://alice:s3cret@example.org"}})
    assert "MLFLOW_TRACKING_PASSWORD" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
