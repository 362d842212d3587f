"""A whole study on a team's MLflow: PostgreSQL, an S3 store, logins, and an outage of server and database midway.

python -m pytest -m slow -n 0 -s tests/study/tracking/test_tracking_team.py       # about 4 min on 2 cores
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from study.plan.cells import plan
from study.spec.loading import load_spec
from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials
from study.tracking.desired import identity
from study.tracking.desired.desired_state import DesiredState
from study.tracking.desired.runs import Run
from tests.study.example_study import raw
from tests.study.tracking import readback, team
from tests.study.tracking.outage import tracked, wait
from tests.study.tracking.servers import MlflowServer, Stores

BUCKET = "team-mlflow"
SPEC = raw(study="team", train={"source": "synthetic", "fractions": [1.0]}, tests=["synthetic_test"])
SPEC["search"] = {**SPEC["search"], "trials": 8}  # so many that the outage is over before the search is
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(bool(team.absent()), reason=team.absent()),
]


@pytest.fixture(scope="module")
def tracked_study(tmp_path_factory):
    """A study that ran while its server and database went away and came back; the server, and its S3 store."""
    root = tmp_path_factory.mktemp("team")
    with (
        pytest.MonkeyPatch.context() as patch,
        team.postgresql("mlflow", "users") as database,
        team.object_store(BUCKET, root / "s3.log") as store,
    ):
        stores = Stores(
            database=database.url("mlflow"),
            users=database.url("users"),
            artifacts=f"s3://{BUCKET}/study",
            variables={"MLFLOW_S3_ENDPOINT_URL": store, **team.KEYS},
        )
        with MlflowServer(root / "server", stores=stores) as server:
            for name in server.variables:
                patch.setenv(name, "")  # what `tracked` sets is undone
            yield *_run(root, server, database), server, store


def _run(root: Path, server: MlflowServer, database: team.Postgres) -> tuple[DesiredState, StudyDirectory]:
    spec = root / "spec.yaml"
    spec.write_text(yaml.safe_dump(SPEC))
    directory = StudyDirectory(root / "study")
    command = [sys.executable, "-m", "study", "run", str(spec), "--dir", str(directory.root)]
    log = root / "run.log"
    env = {**os.environ, **server.variables}
    assert not set(team.KEYS) & set(env), "only the server has the keys of the object store"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
    try:
        _ended(directory, process, log, 3)
        server.kill()
        database.stop()
        before = _ended(directory, process, log, 3)
        _ended(directory, process, log, before + 3)
        database.start()
        server.start()
        assert process.wait(600) == 0, log.read_text()[-3000:]
        track = [sys.executable, "-m", "study", "track", str(directory.root)]  # what the driver did not wait for
        done = subprocess.run(track, env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        process.kill()
        process.wait()
    planned = plan(load_spec(spec))
    desired = DesiredState(planned, directory, identity.load(directory))
    desired.load()
    return desired, directory


def _ended(directory: StudyDirectory, process: subprocess.Popen[bytes], log: Path, due: int) -> int:
    """Wait until so many trials have ended; how many have."""

    def ended() -> int:
        known = (directory.root / "trials.db").exists()
        return sum(trial.finished for trial in read_trials(directory.storage_url, "team")) if known else 0

    wait(lambda: ended() >= due or process.poll() is not None, f"{due} trials")
    assert process.poll() is None, log.read_text()[-3000:]
    return ended()


def test_runs_metrics_parameters_and_artifacts_are_those_of_the_record(tracked_study, capsys):
    """Whatever the outage did: one run each, every point and parameter once, every artifact byte by byte."""
    desired, directory, server, store = tracked_study
    client = tracked(server)
    stored = _stored(store)
    found = readback.runs(client, directory)
    records = {key: run for key in desired.run_keys() if (run := desired.run(key)) is not None}
    assert {key: len(runs) for key, runs in found.items()} == dict.fromkeys(records, 1)
    counts: Counter[str] = Counter(runs=len(records))
    for key, record in records.items():
        counts += _compare(client, found[key][0], record, stored[found[key][0].info.run_id])
    with capsys.disabled():
        print(f"\n{dict(counts)} on PostgreSQL and S3, equal to the record")
    readback.check(client, desired.plan, directory)
    assert counts["artifacts"] > 20
    assert counts["points"] > 200


def _compare(client: MlflowClient, run, record: Run, stored: dict[str, bytes]) -> Counter[str]:
    assert dict(run.data.params) == dict(record.params)
    points = {(p.key, p.step): p.value for p in record.points}
    for name in {p.key for p in record.points}:
        history = [(p.step, p.value) for p in client.get_metric_history(run.info.run_id, name)]
        assert sorted(history) == sorted((step, value) for (key, step), value in points.items() if key == name)
    assert {name: run.data.metrics[name] for name in record.values} == dict(record.values)
    files = {f"{folder}/{path.name}".lstrip("/"): path for path, folder in record.files}
    assert set(stored) == set(files)
    assert all(stored[name] == path.read_bytes() for name, path in files.items())
    return Counter(points=len(points), values=len(record.values), params=len(record.params), artifacts=len(files))


def _stored(store: str) -> dict[str, dict[str, bytes]]:
    """The artifacts of every run as they lie in the object store, not by way of the server: a login takes it .2 s."""
    client = team.client(store)
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page["Contents"]:
            run, artifacts, name = item["Key"].removeprefix("study/").split("/", 1)[1].partition("/artifacts/")
            if artifacts:
                found[run][name] = client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
    return found


def test_artifacts_lie_in_the_object_store_and_models_are_registered(tracked_study):
    desired, _, server, store = tracked_study
    listed = team.client(store).get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = {item["Key"] for page in listed for item in page["Contents"]}
    assert any(key.endswith("report.html") for key in keys)
    models = tracked(server).search_registered_models()
    assert len(models) == len(desired.plan.cells)
    assert all("champion" in model.aliases for model in models)
    assert sum(key.endswith("MLmodel") for key in keys) == len(models)


def test_nobody_reads_without_a_login(tracked_study):
    _, _, server, _ = tracked_study
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server.address}/api/2.0/mlflow/experiments/search?max_results=1", timeout=30)
