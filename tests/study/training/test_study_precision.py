"""The arithmetic of a study is decided once, recorded, and part of what identifies a job."""

from __future__ import annotations

import json

import pytest

from study.base.errors import StudyError
from study.protocol.opening import start_study
from study.store.selection_record import Winner
from study.training import study_precision
from study.training.jobs import job_digest, replicate_job
from tests.study.example_study import spec

WINNER = Winner(cell="supervised-ft-1", rank=0, trial=0, value=0.8, params={"lr": 0.1})


@pytest.fixture
def cpu_alone(monkeypatch):
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 2.0})


def test_the_first_device_decides_once(tmp_path, monkeypatch, cpu_alone):
    plan, directory = start_study(spec(), tmp_path / "study")
    assert study_precision.of_study(plan.spec, directory) is None
    monkeypatch.setattr(study_precision, "_fastest", lambda name: (name, "bfloat16"))
    study_precision.choose(plan.spec, directory)
    monkeypatch.setattr(study_precision, "_fastest", lambda name: (name, "float32"))
    study_precision.choose(plan.spec, directory)
    assert json.loads(directory.precision.read_text()) == {"device": "cpu", "precision": "bfloat16"}
    assert replicate_job(plan, directory, WINNER, 1).precision == "bfloat16"


def test_a_study_of_an_older_version_goes_on_as_it_began(tmp_path, cpu_alone):
    plan, directory = start_study(spec(), tmp_path / "study")
    (directory.root / "trials.db").touch()
    study_precision.choose(plan.spec, directory)
    assert replicate_job(plan, directory, WINNER, 1).precision is None


def test_the_arithmetic_identifies_a_job_and_a_spec(tmp_path):
    digests = set()
    for name in ("auto", "float32", "bfloat16"):
        plan, directory = start_study(spec(precision=name), tmp_path / name)
        digests.add((plan.spec.digest, job_digest(replicate_job(plan, directory, WINNER, 1))))
    assert len({spec for spec, _ in digests}) == len({job for _, job in digests}) == 3
    assert "precision" not in spec().identity()


def test_a_damaged_record_of_it_is_named(tmp_path):
    plan, directory = start_study(spec(), tmp_path / "study")
    directory.precision.write_text("{")
    with pytest.raises(StudyError, match=r"precision.json cannot be read"):
        study_precision.of_study(plan.spec, directory)
