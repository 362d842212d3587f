"""A damaged cache of what the server holds is made anew, and `study status` says so until it is."""

from __future__ import annotations

import sqlite3

import pytest

from study.base.errors import StudyError
from study.store.directory import StudyDirectory
from study.tracking.desired import identity
from study.tracking.sync import paths
from study.tracking.sync.backlog import read_backlog
from study.tracking.sync.sync_state import SyncState, SyncStateStore


def _flip(path) -> None:
    content = bytearray(path.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    path.write_bytes(content)


def _no_state(path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE ack SET body = '[]'")


@pytest.mark.parametrize(
    "damage", [_flip, _no_state, lambda path: path.write_bytes(b"nonsense" * 600)], ids=["flipped", "edited", "foreign"]
)
def test_a_damaged_cache_is_told_and_made_anew(tmp_path, capsys, damage):
    directory = StudyDirectory(tmp_path)
    path = paths.sync_states(directory)
    store = SyncStateStore(path, "server")
    store.save("trial/a/0", SyncState(run_id="1", points=3))
    store.publish_status({"waiting": 0, "error": None, "target": "server"})
    store._db.close()
    assert str(read_backlog(directory)) == "tracking to server is up to date"
    damage(path)
    assert f"{path} is damaged" in str(read_backlog(directory))
    again = SyncStateStore(path, "server")
    assert "is made anew from what the server holds" in capsys.readouterr().out
    assert again.load() == {}
    again.save("trial/a/0", SyncState(run_id="1"))
    again.publish_status({"waiting": 0, "error": None, "target": "server"})
    assert str(read_backlog(directory)) == "tracking to server is up to date"


def test_a_file_cut_short_by_a_kill_is_no_end_of_tracking(tmp_path):
    path = paths.sync_states(StudyDirectory(tmp_path))
    SyncStateStore(path, "server").save("a", SyncState())
    path.write_bytes(path.read_bytes()[:1000])
    assert SyncStateStore(path, "server").load() == {}


@pytest.mark.parametrize("content", ["", '{"id": "a', "nonsense"])
def test_a_damaged_identity_is_said(tmp_path, content):
    path = paths.identity(StudyDirectory(tmp_path))
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    with pytest.raises(StudyError, match=rf"{path} cannot be read: .*Restore it; or delete the folder"):
        identity.load(StudyDirectory(tmp_path))


def test_a_writer_killed_while_mlflow_makes_its_tables_leaves_no_half_database(tmp_path, monkeypatch):
    import mlflow

    from study.tracking.backend.client import _make_tables

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"

    class Killed:
        def __init__(self, tracking_uri: str) -> None:
            (tmp_path / tracking_uri.rpartition("/")[2]).write_bytes(b"half")
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "MlflowClient", Killed)
        with pytest.raises(KeyboardInterrupt):
            _make_tables(uri)
    assert not (tmp_path / "mlflow.db").exists()
    _make_tables(uri)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    assert mlflow.MlflowClient(uri).search_experiments()
