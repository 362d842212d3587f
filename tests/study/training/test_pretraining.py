"""`study pretrain`: which images it sees, what it writes, what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import datasets
from datasets.base.manifest import DataRef
from datasets.splits.make import make_split
from datasets.splits.split import Split
from study.base.errors import StudyError
from study.preparation import manifests
from study.spec.data_sources import DataSource
from study.spec.loading import parse_spec
from study.spec.model import StudySpec
from study.training.pretraining import pretraining_job, run
from trainables.encoders import build
from trainables.encoders.loading import read_checkpoint
from trainables.job import EncoderRef

POOL = DataSource(source="synthetic_pool")


def spec(**changes: object) -> StudySpec:
    return parse_spec(
        {
            "study": "mini",
            "methods": ["supervised:ft"],
            "backbone": "test_resnet",
            "image_size": 16,
            "train": {"source": "synthetic", "fractions": [1.0, 0.1]},
            "tests": ["synthetic_test", "synthetic_device"],
            "resources": {"gpus_per_trial": 0},
            **changes,
        }
    )


def test_sees_the_training_part_of_the_searchs_split_alone(tmp_path) -> None:
    job = pretraining_job(spec(), method="byol", out=tmp_path / "mine.safetensors")
    split = Split.read(Path(job.pool.split_file or ""))
    expected = make_split(datasets.load(DataRef(source="synthetic")), manifests.scheme(spec()), index=0, fraction=1.0)
    assert split.digest == expected.digest
    assert (job.name, job.backbone, job.image_size, job.pool.ref.source) == ("byol", "test_resnet", 16, "synthetic")


def test_a_pool_is_seen_whole(tmp_path) -> None:
    job = pretraining_job(spec(), method="simclr", out=tmp_path / "mine.safetensors", pool=POOL)
    assert job.pool.split_file is None
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_where_it_comes_from_and_is_loaded(tmp_path, monkeypatch) -> None:
    out = tmp_path / "mine.safetensors"
    settings = ["epochs=1", "batch_size=256", "positives=lesion"]
    run(pretraining_job(spec(), method="simclr", out=out, settings=settings), workers=1, gpus=0, address=None)
    facts = read_checkpoint.read(out).facts
    assert facts is not None
    assert facts.provenance["source"] == "synthetic"
    assert facts.provenance["recipe"]["positives"] == "lesion"
    assert facts.provenance["images"] == len(Split.read(tmp_path / "mine.split.csv").ids("train"))
    assert facts.provenance["data_digest"].endswith(Split.read(tmp_path / "mine.split.csv").digest)
    build(EncoderRef(name="simclr", weights=str(out)), "test_resnet", image_size=16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.safetensors", "mine.split.csv"]
    with pytest.raises(StudyError, match=r"is there already. Delete it to make it anew"):
        pretraining_job(spec(), method="simclr", out=out)
    further = pretraining_job(spec(), method="byol", out=tmp_path / "b.safetensors", start=f"simclr={out}")
    assert further.start == EncoderRef(name="simclr", weights=str(out))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "moco"}, "A pre-training method is a known one, got 'moco': the nearest is 'moco_v2'"),
        ({"out": Path("x.pt")}, "A pre-trained encoder is a .safetensors file, got 'x.pt'. Give it that ending."),
        (
            {"settings": ["epoch=3"]},
            "A setting is NAME=VALUE with a known name, got 'epoch=3': the nearest is 'epochs'",
        ),
        ({"settings": ["epochs=many"]}, "Setting epochs is of type int, got 'many'. Correct it."),
        ({"settings": ["balanced=yes"]}, "Setting balanced is of type bool, got 'yes'. Correct it."),
        ({"settings": ["positives=images"]}, "Pre-training cannot use positives = 'images'. Correct the recipe."),
        ({"pool": DataSource(source="synthetic_device")}, "Images of a test set are never trained on, but the pool"),
        ({"pool": DataSource(source="synthetic_pools")}, "A source is one of the known ones, got 'synthetic_pools'"),
    ],
)
def test_refusals_say_what_to_do(tmp_path, changes, message) -> None:
    arguments = {"method": "simclr", "out": tmp_path / "mine.safetensors", **changes}
    with pytest.raises(StudyError) as raised:
        pretraining_job(spec(), **arguments)
    assert str(raised.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_labels_are_needed_where_they_are_read(tmp_path) -> None:
    job = pretraining_job(spec(), method="supervised", out=tmp_path / "mine.safetensors", pool=POOL)
    with pytest.raises(StudyError, match="reads labels and needs images of two classes or more, got 0 classes"):
        run(job, workers=1, gpus=0, address=None)


BLOCKED = """
import sys
for name in ("ray", "optuna", "mlflow"):
    sys.modules[name] = None
from pathlib import Path
from tests.study.training.test_pretraining import POOL, spec
from study.training.pretraining import pretraining_job, run
job = pretraining_job(spec(), method="moco_v2", out=Path(sys.argv[1]), pool=POOL, settings=["epochs=1", "queue=64"])
run(job, workers=1, gpus=0, address=None)
"""


@pytest.mark.slow
def test_one_process_needs_no_ray(tmp_path) -> None:
    out = tmp_path / "mine.safetensors"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", BLOCKED, str(out)], cwd=root, check=True, timeout=200)
    assert out.exists()


@pytest.mark.slow
def test_two_workers_train_as_one_group(tmp_path) -> None:
    out = tmp_path / "mine.safetensors"
    job = pretraining_job(spec(), method="simclr", out=out, pool=POOL, settings=["epochs=2"])
    run(job, workers=2, gpus=0, address=None)
    facts = read_checkpoint.read(out).facts
    assert facts is not None
    assert facts.provenance["workers"] == 2
    assert facts.provenance["views_seen"] == 2 * 2 * (
        len(datasets.load(DataRef(source=POOL.source)).table) // 256 * 256
    )
    assert facts.provenance["last_loss"] < facts.provenance["first_loss"]
