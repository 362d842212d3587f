"""Where tracking goes, and what may be said about it."""

from __future__ import annotations

import pytest

from study.base.errors import StudyError
from study.tracking.backend.target import require_driver, resolve
from tests.study.tracking.studies import start


@pytest.fixture
def study(tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    plan, directory = start(tmp_path / "study")
    return plan.spec, directory


def test_the_spec_comes_before_the_environment_and_sqlite_is_the_default(study, monkeypatch, tmp_path):
    spec, directory = study
    assert resolve(spec, directory).uri == f"sqlite:///{tmp_path}/study/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://env.example.org")
    assert resolve(spec, directory).uri == "https://env.example.org"
    named = spec.model_copy(update={"tracking": spec.tracking.model_copy(update={"uri": "https://spec.example.org"})})
    assert resolve(named, directory).uri == "https://spec.example.org"
    assert resolve(named, directory, "http://given.example.org").uri == "http://given.example.org"


def test_credentials_of_a_server_leave_the_uri_for_mlflows_variables(study):
    target = resolve(*study, "https://al%40ice:s3cr%2Ft@example.org:5000/mlflow")
    assert target.uri == target.name == "https://example.org:5000/mlflow"
    assert target.credentials == {"MLFLOW_TRACKING_USERNAME": "al@ice", "MLFLOW_TRACKING_PASSWORD": "s3cr/t"}
    assert "s3cr" not in repr(target)


def test_credentials_of_a_database_stay_in_its_uri_and_out_of_its_name(study):
    target = resolve(*study, "postgresql+psycopg2://alice:s3cret@db.example.org/mlflow")
    assert target.uri == "postgresql+psycopg2://alice:s3cret@db.example.org/mlflow"
    assert target.name == "postgresql+psycopg2://db.example.org/mlflow"
    assert "s3cret" not in repr(target)


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach https://alice:s3cret@example.org/api",
        'FATAL: password authentication failed, dsn "s3cret"',
        "token tok-en-1 refused",
        "url=https://tok-en-1@example.org",
    ],
)
def test_messages_are_masked(study, monkeypatch, text):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-en-1")
    masked = resolve(*study, "https://alice:s3cret@example.org").mask(text)
    assert "***" in masked
    assert "s3cret" not in masked
    assert "tok-en-1" not in masked


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns", "ftp://alice:s3cret@example.org"])
def test_a_store_that_mlflow_does_not_have_is_refused_without_its_password(study, uri):
    with pytest.raises(StudyError, match=r"A tracking URI starts with one of http, https, sqlite") as refusal:
        resolve(*study, uri)
    assert "s3cret" not in str(refusal.value)
    assert "Correct tracking.uri or MLFLOW_TRACKING_URI" in str(refusal.value)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (
            "postgresql://db.example.org/mlflow?user=alice&password=s3cret",
            "postgresql://db.example.org/mlflow?user=alice",
        ),
        ("postgresql://db.example.org/mlflow?sslpassword=s3cret", "postgresql://db.example.org/mlflow"),
        ("postgresql://alice:s3/cret@db.example.org/mlflow", "postgresql://db.example.org/mlflow"),
        ("https://alice:s3cret@example.org:5000/a@b", "https://example.org:5000/a@b"),
        ("https://example.org:5000/a@b", "https://example.org:5000/a@b"),
        ("sqlite:////home/me@uni/mlflow.db", "sqlite:////home/me@uni/mlflow.db"),
    ],
)
def test_every_place_of_a_uri_that_can_hold_a_secret_stays_in_memory(study, uri, name):
    target = resolve(*study, uri)
    assert target.name == name
    for secret in ("s3cret", "s3/cret", "cret"):
        assert secret not in repr(target)
        if secret in uri and secret != "cret":
            assert secret not in target.mask(f"cannot reach {uri}: password {secret} is wrong")


@pytest.mark.parametrize(
    ("uri", "missing", "other"),
    [("postgresql://db/mlflow", "psycopg", "psycopg2"), ("postgresql+psycopg2://db/mlflow", "psycopg2", "psycopg")],
)
def test_a_missing_database_driver_is_named_before_anything_waits(study, monkeypatch, uri, missing, other):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else name)
    with pytest.raises(StudyError, match=rf"needs the Python package {missing}, .* write postgresql\+{other}://"):
        require_driver(resolve(*study, uri))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    require_driver(resolve(*study, uri))
