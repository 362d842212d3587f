"""The audit in a study and before one: leaks stop it, accepted ones are recorded, split files are judged as written."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from datasets.base.atomic_files import write_json
from datasets.cache.store import open_store
from study.base.errors import StudyError
from study.cli import app
from study.preparation import data_page, leakage, spec_audit
from study.preparation import manifests as data
from study.store.directory import StudyDirectory
from tests.datasets.duplicates.test_duplicates import scene
from tests.datasets.releases import picture
from tests.study import example_study

DATA = Path(os.environ.get("SKIN_DATA", "/nowhere"))
REASON = "Repeats a published split, faults and all."


def prepared(spec, root):
    directory = StudyDirectory(root)
    manifests = {name: data.load_manifest(source) for name, source in leakage.data_sources(spec).items()}
    data.write_splits(spec, directory, manifests[spec.train.source])
    return directory, manifests


@pytest.fixture
def leaky(tmp_path):
    """A table of images split by files: L1 in training and test, i03 in training and validation, one copied file."""
    rows = []
    for number in range(24):
        path = tmp_path / "data" / f"i{number:02d}.png"
        picture(path, number if number != 20 else 2)
        rows.append((path.name, f"L{number // 2}", "melanoma" if number % 3 == 0 else "nevus"))
    pd.DataFrame(rows, columns=["path", "lesion_id", "diagnosis"]).to_csv(tmp_path / "data" / "images.csv", index=False)
    parts = {
        "whole": range(3, 12),
        "part_1": [3, 4, 5, 6],
        "part_2": [3, 4, 5, 6],
        "validation": [3, 12, 13, 14, 15],
        "test": [2, 20, 21, 22],
    }
    for name, numbers in parts.items():
        text = "\n".join(["image", *(f"some/folder/i{number:02d}.png" for number in numbers)])
        (tmp_path / f"{name}.csv").write_text(text)
    train = {
        "source": "csv",
        "root": str(tmp_path / "data"),
        "splits": {
            "train": {1.0: str(tmp_path / "whole.csv"), 0.4: str(tmp_path / "part_{index}.csv")},
            "validation": str(tmp_path / "validation.csv"),
            "test": str(tmp_path / "test.csv"),
        },
        "fractions": [1.0, 0.4],
        "subsamples": 2,
    }
    return {"train": train, "tests": ["csv_test"]}


def test_a_study_without_leaks_records_what_was_found(tmp_path):
    spec = example_study.spec()
    directory, manifests = prepared(spec, tmp_path)
    found = leakage.audit(spec, directory, manifests)
    written = leakage.audit_content(spec, directory, found)
    assert [item["key"] for item in written] == [finding.key for finding in found]
    assert not [finding for finding in found if finding.severity == "error"]


def test_a_leak_stops_a_study(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    twin = {"name": "twin", "source": "synthetic"}
    spec = example_study.spec(tests=["synthetic_test", twin])
    directory, manifests = prepared(spec, tmp_path / "study")
    with pytest.raises(StudyError) as error:
        leakage.audit(spec, directory, manifests)
    assert "A study has no leak that it does not name" in str(error.value)
    assert "image_overlap:train-twin" in str(error.value)
    assert "list each under accept_leaks" in str(error.value)
    kinds = [
        f"{kind}_overlap:{part}-twin" for kind in ("image", "lesion", "patient") for part in ("train", "validation")
    ]
    accepted = [{"what": what, "reason": REASON} for what in [*kinds, "lesion_overlap:nobody"]]
    spec = example_study.spec(tests=["synthetic_test", twin], accept_leaks=accepted)
    found = leakage.audit(spec, directory, manifests)
    reasons = {item["key"]: item["accepted"] for item in leakage.audit_content(spec, directory, found)}
    assert reasons["image_overlap:train-twin"] == REASON
    assert reasons["accepted_in_vain:lesion_overlap:nobody"] is None
    assert found[-1].message == (
        "the spec accepts 'lesion_overlap:nobody', which was not found. Remove it from accept_leaks."
    )


def test_a_planted_copy_that_was_mirrored_and_cropped_stops_a_study(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    for number in range(12):
        kind = "melanoma" if number % 3 == 0 else "nevus"
        for name, seed in (("mine", number), ("theirs", 100 + number)):
            pixels = scene(number)[10:140, 195:15:-1] if name == "theirs" and number < 4 else scene(seed)
            path = tmp_path / name / kind / f"{name}{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(pixels)).save(path)
    train = {
        "source": "folder",
        "root": str(tmp_path / "mine"),
        "splits": "lesion_disjoint",
        "test": 0.2,
        "validation": 0.2,
    }
    theirs = {"name": "theirs", "source": "folder", "root": str(tmp_path / "theirs")}
    spec = example_study.spec(train=train, tests=[theirs])
    directory, manifests = prepared(spec, tmp_path / "study")
    assert not leakage.refused(spec, leakage.audit(spec, directory, manifests))  # nothing is decoded yet
    for source in leakage.data_sources(spec).values():
        open_store(data.load_manifest(source), short_side=spec.cache_side)
    with pytest.raises(StudyError, match=r"near_duplicates:train-theirs: \d of 12 theirs images"):
        leakage.audit(spec, directory, manifests)
    write_json(directory.audit, [])  # as a study has that began under a version which saw less
    found = leakage.audit(spec, directory, manifests)
    accepted = {item["key"]: item["accepted"] for item in leakage.audit_content(spec, directory, found)}
    assert accepted["near_duplicates:train-theirs"] == leakage.LATER
    assert accepted["pictures_compared"] is None
    pairs = leakage.duplicates(spec, leakage.decoded(spec, manifests))
    assert pairs["folder"].empty
    numbers = pairs["theirs"][["image_id", "other_id"]].map(lambda image_id: int(image_id[-1]))
    assert sorted(numbers.to_numpy().tolist()) == [[number, number] for number in range(4)]
    assert (pairs["theirs"]["kind"] == "copy").all()
    assert pairs["theirs"]["transform"].str.startswith("mirrored").all()
    data_page.write_page(spec, tmp_path / "data.html")
    page = (tmp_path / "data.html").read_text()
    assert "theirs and folder: 4 pairs" in page
    assert "<b>copy</b>: mirrored" in page
    assert "melanoma/theirs0 · melanoma/mine0" in page


@pytest.mark.skipif(not (DATA / "isic2019").is_dir(), reason="SKIN_DATA holds no isic2019")
def test_copies_of_2_percent_of_real_training_images_stop_a_study_and_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    table = pd.read_csv(DATA / "isic2019" / "ISIC_2019_Training_GroundTruth.csv").set_index("image")
    files = sorted((DATA / "isic2019" / "ISIC_2019_Training_Input").glob("*.jpg"))[::40][:250]
    for number, file in enumerate(files):
        name = "mine" if number < 200 else "theirs"
        kind = "melanoma" if table.at[file.stem, "MEL"] == 1 or number % 10 == 0 else "nevus"
        path = tmp_path / name / kind / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
        if number % 50 == 7 and number < 200:  # 4 of 200
            pixels = np.asarray(Image.open(file))
            height, width = pixels.shape[:2]
            copy = pixels[height // 20 : -(height // 20), width // 20 : -(width // 20)][:, ::-1]
            (tmp_path / "theirs" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(copy)).save(
                tmp_path / "theirs" / kind / f"copy{number}.jpg", quality=85
            )
    train = {"source": "folder", "root": str(tmp_path / "mine"), "test": 0.2, "validation": 0.2}
    theirs = {"name": "theirs", "source": "folder", "root": str(tmp_path / "theirs")}
    spec = example_study.spec(train={**train, "splits": "lesion_disjoint"}, tests=[theirs])
    directory, manifests = prepared(spec, tmp_path / "study")
    for source in leakage.data_sources(spec).values():
        open_store(data.load_manifest(source), short_side=spec.cache_side)
    with pytest.raises(StudyError, match=r"near_duplicates:train-theirs"):
        leakage.audit(spec, directory, manifests)
    pairs = leakage.duplicates(spec, leakage.decoded(spec, manifests))["theirs"]
    copies = pairs[pairs["image_id"].str.contains("copy")]
    assert sorted(copies["image_id"].str.rpartition("/")[2]) == ["copy107", "copy157", "copy57", "copy7"]
    assert copies["transform"].str.startswith("mirrored").all()


def test_the_training_set_is_no_test_set(tmp_path):
    with pytest.raises(StudyError, match="A test set is not the training set, got 'synthetic' for both"):
        spec_audit.audit_spec(example_study.spec(tests=["synthetic"]))


def test_split_files_are_judged_as_written(leaky, tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    spec = example_study.spec(**leaky)
    found = {finding.key: finding.message for finding in spec_audit.audit_spec(spec).findings}
    assert found["lesion_overlap:train-test"] == (
        "1 of 4 test images (0 of 1 melanoma) show a lesion that is also in train."
    )
    assert found["image_overlap:train-validation"].startswith("1 of 5 validation images (1 of 3 melanoma) are also in")
    assert found["identical_subsamples:0.4"] == "40 % subsamples 1 and 2 are identical."
    assert "copies:train-test" not in found
    assert found["unread:train"].startswith(
        "the content of 24 of 24 train images was not compared: not decoded here yet"
    )
    open_store(data.load_manifest(spec.train), short_side=spec.cache_side)
    (tmp_path / "test.csv").write_text("image\ni20\ni21")
    (tmp_path / "whole.csv").write_text("image\n" + "\n".join(f"i{number:02d}" for number in range(2, 12)))
    found = {finding.key: finding.message for finding in spec_audit.audit_spec(spec).findings}
    assert found["copies:train-test"].startswith("1 of 2 test images (0 of 1 melanoma) are byte for byte in train")


def test_a_subsample_outside_the_whole_training_part_is_compared_too(leaky, tmp_path):
    (tmp_path / "part_2.csv").write_text("image\ni03\ni04\ni22\ni23")
    found = {finding.key: finding.count for finding in spec_audit.audit_spec(example_study.spec(**leaky)).findings}
    assert found["image_overlap:train-test"] == 1


def test_the_command_prints_what_it_found_and_refuses(leaky, tmp_path):
    import yaml

    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(example_study.raw(**leaky)))
    done = CliRunner().invoke(app, ["data", "audit", str(path)])
    assert isinstance(done.exception, StudyError)
    assert "lesion_overlap:train-validation" in str(done.exception)
    assert "error image_overlap:train-validation: 1 of 5 validation images" in done.output
    assert "melanoma" in done.output
    accepted = [
        {"what": key, "reason": REASON} for key in str(done.exception).split(": ")[1].split(". ")[0].split(", ")
    ]
    path.write_text(yaml.safe_dump(example_study.raw(**leaky, accept_leaks=accepted)))
    done = CliRunner().invoke(app, ["data", "audit", str(path)])
    assert done.exit_code == 0
    assert f"Accepted: {REASON}" in done.output.replace("\n", " ")


@pytest.mark.skipif(not (DATA / "paper_datasplits").is_dir(), reason="SKIN_DATA holds no published splits")
def test_the_published_splits_have_the_faults_that_are_known(tmp_path, monkeypatch):
    from study.spec.loading import load_spec

    (tmp_path / "isic2019").symlink_to(DATA / "isic2019_metadata_full")
    monkeypatch.setenv("SKIN_DATA", str(tmp_path))
    monkeypatch.setenv("SKIN_SPLITS", str(DATA / "paper_datasplits"))
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    found = {
        finding.key: finding.message
        for finding in spec_audit.audit_spec(load_spec("study/specs/published.yaml")).findings
    }
    assert found["lesion_overlap:train-validation"].startswith("1,057 of 1,931 validation images")
    assert found["lesion_overlap:train-test"].startswith("2,107 of 3,863 test images (329 of 396 melanoma)")
    assert "2,106 of 3,863 test images (328 of 396 melanoma) show a lesion that is also in train" in found["by_letter"]
    assert found["identical_subsamples:0.1"] == "10 % subsamples 1 and 3 are identical."
    assert "identical_subsamples:0.01" not in found
