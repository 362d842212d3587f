"""What makes a training the same one as that of its last checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainables import small_jobs
from trainables.job import EncoderRef, Job
from trainables.training import checkpoint
from trainables.training.history import find_last, identity


def written(job: Job) -> Job:
    """The job, whose `last.pt` is there."""
    checkpoint.save(Path(job.directory) / checkpoint.LAST, {"job": job.to_json(), "images": "same"})
    return job


def of(directory: Path, **encoder: str) -> Job:
    return small_jobs.job(directory, encoder=EncoderRef(name="own", **encoder))


@pytest.mark.parametrize(("begun", "now"), [("teacher", "student"), (None, "student"), ("student", None)])
def test_another_backbone_of_the_same_file_never_goes_on(begun: str | None, now: str | None, tmp_path: Path) -> None:
    file = {"weights": "both.pth", "sha256": "ab" * 32}
    job = written(of(tmp_path, **file, **({"key": begun} if begun else {})))
    assert find_last(job, "same") is not None
    other = of(tmp_path, **file, **({"key": now} if now else {}))
    with pytest.raises(checkpoint.CheckpointError, match=r"was written with another encoder .*student"):
        find_last(other, "same")


def test_a_key_goes_on_wherever_the_file_lies(tmp_path: Path) -> None:
    written(of(tmp_path, weights="/here/both.pth", sha256="ab" * 32, key="teacher"))
    assert find_last(of(tmp_path, weights="/there/both.pth", sha256="ab" * 32, key="teacher"), "same") is not None


def test_an_encoder_without_a_key_is_known_as_in_older_versions(tmp_path: Path) -> None:
    assert identity(of(tmp_path, weights="w.pth"))["encoder"] == ["own", "w.pth"]
    assert identity(of(tmp_path, weights="w.pth", sha256="ab"))["encoder"] == ["own", "ab"]
