"""`study pretrain`: which images it sees, what it writes, what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import datasets
from datasets.base.manifest import DataRef
from datasets.splits.make import make_split
from datasets.splits.split import Split
from study.base.errors import StudyError
from study.cli import app
from study.preparation import manifests
from study.spec.data_sources import DataSource
from study.spec.loading import parse_spec
from study.spec.model import StudySpec
from study.training.pretraining import pretraining_job, run
from study.training.pretraining_images import pool_split
from trainables.encoders import build
from trainables.encoders.loading import read_checkpoint
from trainables.job import EncoderRef
from trainables.ssl.pretrain import open_pool

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


@pytest.mark.parametrize("fractions", [[1.0, 0.1], [0.3]])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_sees_no_image_that_any_split_of_the_study_validates_or_tests_on(seed, nested, fractions) -> None:
    chosen = spec(seed=seed, train={"source": "synthetic", "fractions": fractions, "nested": nested})
    manifest = datasets.load(DataRef(source="synthetic"))
    found = pool_split(chosen, manifest)
    splits = [
        make_split(manifest, manifests.scheme(chosen), index=index, fraction=fraction)
        for index in manifests.split_indices(chosen)
        for fraction in fractions
    ]
    assert len({split.digest for split in splits}) == len(splits) == 6 * len(fractions)
    seen = set(found.ids("train"))
    for split in splits:
        assert not seen & {*split.ids("validation"), *split.ids("test")}
    searched = splits[0]
    assert seen < set(searched.ids("train")), "nothing that no cell of the search trains on"
    if fractions[0] == 1.0:
        assert seen == set.intersection(*(set(split.ids("train")) for split in splits[:: len(fractions)]))
    assert {*found.ids("validation")} == {image_id for split in splits for image_id in split.ids("validation")}
    assert found.ids("test") == searched.ids("test")


def test_images_that_stay_together_are_all_seen_or_none() -> None:
    manifest = datasets.load(DataRef(source="synthetic"))
    found = pool_split(spec(), manifest)
    lesion = dict(zip(manifest.table["image_id"], manifest.table["lesion_id"], strict=True))
    seen, known = ({lesion[image_id] for image_id in found.ids(part)} for part in ("train", "validation"))
    assert seen
    assert not seen & known


def test_the_job_sees_that_pool(tmp_path) -> None:
    job = pretraining_job(spec(), method="byol", out=tmp_path / "mine.safetensors")
    split = Split.read(Path(job.pool.split_file or ""))
    assert split.digest == pool_split(spec(), datasets.load(DataRef(source="synthetic"))).digest
    assert (job.name, job.backbone, job.image_size, job.pool.ref.source) == ("byol", "test_resnet", 16, "synthetic")
    assert len(open_pool(job.pool)) == len(split.ids("train"))


def test_more_splits_than_leave_an_image_are_refused(tmp_path) -> None:
    many = spec(replicate={"pairs": 60}, train={"source": "synthetic", "validation": 0.3})
    with pytest.raises(StudyError, match=r"of \d+ training images none is left by 61 splits .* Lower replicate.pairs"):
        pretraining_job(many, method="byol", out=tmp_path / "mine.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_how_many_images_it_uses_and_why_no_more(tmp_path) -> None:
    (tmp_path / "spec.yaml").write_text(spec().model_dump_json())
    out = tmp_path / "mine.safetensors"
    arguments = ["pretrain", str(tmp_path / "spec.yaml"), "--method", "simclr", "--out", str(out), "--set", "epochs=1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    split = Split.read(tmp_path / "mine.split.csv")
    train, validation, test = (len(split.ids(part)) for part in ("train", "validation", "test"))
    assert done.output.startswith(
        f"pre-training on {train:,} training images of synthetic, those that none of the study's 6 splits validates or "
        f"tests on (left out: {validation:,} that one or more validate on, {test:,} of the test part)\n"
    )


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
        ({"pool": DataSource(source="synthetic")}, "A pool holds none of a study's validation and test images, but"),
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
