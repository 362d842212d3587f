"""A whole study in a tracking database, written from its directory alone, again and again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from study.base.errors import StudyError
from study.store import read_log
from study.store.directory import StudyDirectory
from study.tracking.desired import identity
from study.tracking.sync import paths
from study.tracking.sync.replay import replay
from tests.study.tracking.readback import check, runs
from tests.study.tracking.studies import estimates, finish, search, start

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished study, tracked once to its own SQLite file."""
    plan, directory = start(tmp_path_factory.mktemp("study") / "toy", trials=3)
    search(plan, directory, fails_above=5e-3)
    finish(plan, directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        replay(plan, directory, None, print)
    return plan, directory


@pytest.fixture
def study(made, tmp_path, monkeypatch):
    """A copy of it to change, and a client for its database (whose artifacts stay where they were)."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    plan, directory = made
    root = tmp_path / "toy"
    shutil.copytree(directory.root, root)
    uri = f"sqlite:///{root}/./mlflow.db"  # not the default's name: the copy's database may be written to
    return plan, StudyDirectory(root), uri, MlflowClient(uri)


def points(client: MlflowClient, found) -> dict[tuple[str, str], list]:
    return {
        (key, name): sorted((p.step, p.value) for p in client.get_metric_history(those[0].info.run_id, name))
        for key, those in found.items()
        for name in those[0].data.metrics
    }


def test_everything_is_there_once_and_a_second_time_changes_nothing(made, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    plan, directory = made
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    compared = check(client, plan, directory)
    assert compared["runs"] == 1 + 2 + 6 + 2 * 2 + 2 * 2 * 2
    before = points(client, runs(client, directory))
    replay(plan, directory, None, print)
    paths.sync_states(directory).unlink()
    replay(plan, directory, None, print)  # knows nothing: asks the server
    check(client, plan, directory)
    assert points(client, runs(client, directory)) == before


def test_runs_nest_and_tables_tell_the_story(made):
    _plan, directory = made
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    found = {key: those[0] for key, those in runs(client, directory).items()}
    parent = {key: run.data.tags.get("mlflow.parentRunId") for key, run in found.items()}
    assert parent["study"] is None
    assert parent["evaluation/simclr-ft-1/0-1/synthetic_device"] == found["replicate/simclr-ft-1/0-1"].info.run_id
    assert parent["replicate/simclr-ft-1/0-1"] == found["cell/simclr-ft-1"].info.run_id
    assert found["trial/simclr-ft-1/2"].info.run_name == "simclr:ft · 100 % · #02"
    cell = found["cell/simclr-ft-1"].data
    assert cell.metrics["auroc_synthetic_device"] == 0.8
    assert "auroc_synthetic_device_high" not in cell.metrics, "an unknown end of an interval is absent"
    assert [found[f"cell/{name}-ft-1"].data.metrics["rank"] for name in ("simclr", "supervised")] == [1.0, 2.0]
    assert cell.tags["winner"].startswith("#0")
    scored = found["evaluation/simclr-ft-1/0-1/synthetic_device"]
    assert scored.data.metrics == {"images": 4, "positives": 2, "auroc": 0.75} | {
        "average_precision": pytest.approx(5 / 6),
        "brier": pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4),
    }
    assert scored.data.params["dataset"] == "synthetic_device"
    (data,) = scored.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("synthetic_device", "fedcba9876543210")
    assert data.tags[0].value == "test"
    trained = found["trial/simclr-ft-1/0"].inputs.dataset_inputs
    assert {(i.dataset.name, i.tags[0].value) for i in trained} == {
        ("synthetic_train", "train"),
        ("synthetic_validation", "validation"),
    }
    root = found["study"]
    assert root.info.status == "FINISHED"
    assert "Does the toy learn?" in root.data.tags["mlflow.note.content"]
    artifacts = {item.path for item in client.list_artifacts(root.info.run_id)}
    assert artifacts >= {"spec.yaml", "report.html", "selection.json", "manifests.json", "comparison"}


def test_search_strings_that_people_type(made):
    _plan, directory = made
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{identity.load(directory).id}'")

    def names(text: str) -> set[str]:
        return {run.data.tags["study_key"] for run in client.search_runs([experiment.experiment_id], text)}

    all_runs = {run.data.tags["study_key"]: run for run in client.search_runs([experiment.experiment_id])}
    good = names("params.method = 'simclr:ft' and metrics.val_auc > 0.8")
    assert good == {
        key
        for key, run in all_runs.items()
        if run.data.params.get("method") == "simclr:ft" and run.data.metrics.get("val_auc", 0) > 0.8
    }
    assert good
    assert names("tags.state = 'PRUNED'") == {k for k, r in all_runs.items() if r.data.tags.get("state") == "PRUNED"}
    assert names("tags.state = 'PRUNED'")
    assert len(names("tags.selected = '1'")) == 2
    assert names("tags.kind = 'cell'") == {"cell/simclr-ft-1", "cell/supervised-ft-1"}


def test_the_search_strings_of_the_pages_are_ones_that_mlflow_runs(made):
    _plan, directory = made
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{identity.load(directory).id}'")
    pages = [ROOT / "README.md", ROOT / "docs" / "tracking.md"]
    lines = [line.partition(" #")[0].strip() for page in pages for line in page.read_text().splitlines()]
    strings = {line for line in lines if re.match(r"(params|tags|metrics)\.\w+ [=<>!]", line)}
    assert len(strings) >= 5
    found = {text: len(client.search_runs([experiment.experiment_id], text)) for text in strings}
    assert found["tags.state = 'PRUNED'"]
    assert found["tags.selected = '1'"]


def test_the_same_study_goes_to_another_server_whole(study, tmp_path):
    plan, directory, _, _ = study
    uri = f"sqlite:///{tmp_path}/team.db"
    replay(plan, directory, uri, print)
    check(MlflowClient(uri), plan, directory)


def test_a_second_run_of_a_trial_is_deleted(study):
    plan, directory, uri, client = study
    first = runs(client, directory)["trial/simclr-ft-1/0"][0]
    client.create_run(first.info.experiment_id, tags=dict(first.data.tags))
    replay(plan, directory, uri, print)
    assert runs(client, directory)["trial/simclr-ft-1/0"][0].info.run_id == first.info.run_id
    check(client, plan, directory)


def test_points_that_got_lost_halfway_are_made_up_for(study):
    """Half of a batch arrived, then writer and acknowledgements were lost: the rest is written, nothing twice."""
    plan, directory, _uri, client = study
    copy = StudyDirectory(directory.root.parent / "half")
    shutil.copytree(directory.root, copy.root)
    (copy.root / "mlflow.db").unlink()
    half = f"sqlite:///{copy.root}/other.db"
    server = MlflowClient(half)
    experiment = server.create_experiment("toy", tags={"study_id": identity.load(copy).id})
    whole = runs(client, directory)["trial/simclr-ft-1/0"][0]
    made = server.create_run(experiment, whole.info.start_time, dict(whole.data.tags), whole.info.run_name)
    for point in client.get_metric_history(whole.info.run_id, "val_auc")[:1]:
        server.log_metric(made.info.run_id, point.key, point.value, point.timestamp + 7, point.step)
    replay(plan, copy, half, print)
    check(server, plan, copy)


def test_a_summary_that_changes_is_written_as_a_later_value(study):
    plan, directory, uri, client = study
    replay(plan, directory, uri, print)
    estimates(plan, directory, 0.9)
    paths.sync_states(directory).unlink()
    replay(plan, directory, uri, print)
    cell = runs(client, directory)["cell/simclr-ft-1"][0]
    history = client.get_metric_history(cell.info.run_id, "auroc_synthetic_test")
    assert [(point.step, point.value) for point in history] == [(0, 0.8), (1, 0.9)]


def test_what_a_user_deleted_is_reported_and_holds_up_nothing_else(study):
    plan, directory, uri, client = study
    gone = runs(client, directory)["trial/simclr-ft-1/0"][0].info.run_id
    replay(plan, directory, uri, print)
    client.delete_run(gone)
    replay(plan, directory, uri, print)  # a run of this trial is made anew
    (again,) = runs(client, directory)["trial/simclr-ft-1/0"]
    assert again.info.run_id != gone
    client.delete_experiment(again.info.experiment_id)
    with pytest.raises(StudyError, match=r"the experiment 'toy' of this study was deleted. Restore it with `mlflow"):
        replay(plan, directory, uri, print)


def test_another_study_of_the_same_name_gets_an_experiment_of_its_own(study, tmp_path):
    _plan, _directory, uri, client = study
    other_plan, other = start(tmp_path / "other", trials=2)
    search(other_plan, other)
    replay(other_plan, other, uri, print)
    names = {experiment.name for experiment in client.search_experiments()} - {"Default"}
    suffix = identity.load(other).id.rpartition("-")[2]
    assert names == {"toy", f"toy ({suffix})"}
    check(client, other_plan, other)


def test_a_moved_study_does_not_write_into_its_old_place(study):
    plan, directory, _, _ = study
    with pytest.raises(StudyError, match=r"the study directory was moved: mlflow.db keeps artifacts at file://"):
        replay(plan, directory, None, print)


def test_one_process_writes_at_a_time(study):
    from filelock import FileLock

    plan, directory, uri, _ = study
    with FileLock(paths.lock(directory)), pytest.raises(StudyError, match="by one process at a time"):
        replay(plan, directory, uri, print)


def test_an_altered_artifact_is_written_again_and_an_unchanged_one_is_not(study):
    plan, directory, uri, client = study
    replay(plan, directory, uri, print)
    root = runs(client, directory)["study"][0].info
    stamps = {item.path: item.file_size for item in client.list_artifacts(root.run_id)}
    directory.report.write_text("<html>another, longer report</html>")
    replay(plan, directory, uri, print)
    after = {item.path: item.file_size for item in client.list_artifacts(root.run_id)}
    assert {name for name, size in after.items() if stamps[name] != size} == {"report.html"}
    assert pd.notna(after["report.html"])


def test_a_protocol_that_was_forged_with_all_its_digests_is_refused_by_the_server(study):
    """MLflow keeps the digest of the protocol as it was sealed, as a parameter, which nobody can change there."""
    plan, directory, uri, client = study
    read_log.append(directory, "sealed", protocol="a" * 16)
    replay(plan, directory, uri, print)
    (run,) = runs(client, directory)["study"]
    assert run.data.params["protocol_1"] == "a" * 16
    lines = directory.test_reads.read_text().splitlines()
    directory.test_reads.write_text("".join(line + "\n" for line in lines if "sealed" not in line))
    read_log.append(directory, "sealed", protocol="b" * 16)
    with pytest.raises(StudyError, match=r"refused 1 writes.*protocol_1"):
        replay(plan, directory, uri, print)
