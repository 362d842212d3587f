"""`import study`: what a notebook calls, on a finished study."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import torch

import datasets
import study
from datasets.cache.reading import reader
from study.base.errors import StudyError
from study.console.notebook_view import notebook_view
from study.preparation import manifests
from study.protocol.opening import open_study

METHOD = "simclr:ft"


@pytest.fixture(scope="module")
def opened(small_study):
    return study.open(small_study)


def test_the_import_is_light():
    heavy = ("torch", "ray", "mlflow", "pandas", "optuna", "numpy")
    code = (
        f"import sys, study; assert 'open' in study.__all__; print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_to_open_a_study_loads_no_torch_ray_or_mlflow(small_study):
    code = (
        f"import sys, study; opened = study.open({str(small_study)!r}); opened.status(); opened.estimates(); "
        "opened.trials(); print([name for name in ('torch', 'ray', 'mlflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_packages_of_the_house_keep_their_names():
    import study.plan
    import study.report
    import study.spec

    assert all(hasattr(package, "__path__") for package in (study.plan, study.report, study.spec))
    with pytest.raises(AttributeError, match="'study' has no attribute 'opne'"):
        study.opne  # noqa: B018


def test_status_says_that_every_stage_is_done(opened):
    table = opened.status()
    assert table["stage"].tolist() == [
        "prepare", "search", "select", "replicate", "calibrate", "evaluate", "compare", "report",
    ]  # fmt: skip
    assert table["complete"].all()
    assert table["done"].tolist() == table["wanted"].tolist()


def test_trials_and_the_best_of_a_cell(opened):
    trials = opened.trials()
    assert len(trials) == opened.plan.trials
    best = opened.best(METHOD, 1.0)
    assert best["value"] == trials.query("method == @METHOD")["value"].max()
    with pytest.raises(StudyError, match="No trial of 'byol:ft' at fraction 1"):
        opened.best("byol:ft", 1.0)


def test_tables_are_those_on_disk(opened):
    paths = sorted(opened.directory.predictions.rglob("*.parquet"))
    assert len(opened.predictions()) == sum(len(pd.read_parquet(path)) for path in paths)
    for name in ("estimates", "differences"):
        pd.testing.assert_frame_equal(
            getattr(opened, name)(), pd.read_parquet(opened.directory.comparison / f"{name}.parquet")
        )


@pytest.mark.parametrize("test", ["synthetic_test", "synthetic_device"])
def test_a_model_scores_images_as_the_evaluation_did(opened, test):
    """By id, and as pixels that a user hands over: the prediction table's scores, to the last digit."""
    model = opened.model(METHOD, 1.0, replicate=2)
    table = opened.predictions().query("method == @METHOD and split == 2 and dataset == @test")
    table = table.iloc[[5, 0, 3, 1]].reset_index(drop=True)
    by_id = model.predict_test(test, table["image_id"].tolist())
    pd.testing.assert_frame_equal(by_id, table[["image_id", "score", "score_sd"]], check_exact=True)
    spec = opened.plan.spec
    source = manifests.test_source(spec, next(item for item in spec.tests if item.name == test))
    manifest = datasets.load(manifests.reference(source))
    rows = {image_id: row for row, image_id in enumerate(manifest.table["image_id"])}
    read = reader(manifest)
    images = [read(rows[image_id]) for image_id in table["image_id"]]
    scores = model.predict(images, test=test, image_ids=table["image_id"].tolist())
    pd.testing.assert_frame_equal(scores[["score", "score_sd"]], table[["score", "score_sd"]], check_exact=True)


def test_a_file_is_scored_as_its_pixels_are(opened, tmp_path):
    import cv2
    import numpy as np

    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    model = opened.model(METHOD, 1.0)
    scores = model.predict([tmp_path / "a.png"])
    assert scores.loc[0, "score"] == model.predict([pixels]).loc[0, "score"]
    assert scores.loc[0, "image"] == str(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("byol:ft", 1.0), "got 'byol:ft' at 1"),
        ((METHOD, 0.5), "got 'simclr:ft' at 0.5"),
        ((METHOD, 1.0, 9), "Replicates are counted from 1 to 2"),
        ((METHOD, 1.0, 1, 7), "Winners of"),
    ],
)
def test_a_model_that_is_not_there_is_named(opened, arguments, message):
    names = dict(zip(("method", "fraction", "replicate", "winner"), arguments, strict=False))
    with pytest.raises(StudyError, match=re.escape(message)):
        opened.model(**names)


def test_an_unknown_test_set_or_half_a_question_is_refused(opened):
    model = opened.model(METHOD, 1.0)
    with pytest.raises(StudyError, match="got 'synthetic'"):
        model.predict_test("synthetic", ["x"])
    with pytest.raises(StudyError, match="`test` and `image_ids` go together"):
        model.predict([], test="synthetic_test")
    with pytest.raises(StudyError, match="the store holds its manifest's images, got 'x'"):
        model.predict_test("synthetic_test", ["x"])


def test_run_on_a_finished_study_does_nothing(opened, capsys):
    again = study.run(opened.plan.spec, opened.directory.root)
    assert "nothing to do" in capsys.readouterr().out
    assert again.estimates().equals(opened.estimates())


def weights(replicate):
    return torch.load(replicate / "best.pt", weights_only=True)["model"]


def test_a_stage_runs_alone_and_trains_only_what_is_missing(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "copy")
    _, directory = open_study(tmp_path / "copy")
    copy = study.open(directory.root)
    (frozen, *_) = [path for path in sorted(directory.root.glob("replicates/*/*")) if path.is_dir()]
    others = {path: path.stat().st_mtime_ns for path in directory.root.glob("replicates/*/*/best.pt")}
    before = weights(frozen)
    shutil.rmtree(frozen)
    assert copy.status().set_index("stage").loc["replicate", "done"] == len(others) - 1
    copy.run_stage("replicate", progress=False)
    after = weights(frozen)  # the file itself also names its directory
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    others.pop(frozen / "best.pt")
    assert all(path.stat().st_mtime_ns == time for path, time in others.items())


def test_the_report_is_written_again_as_it_was(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "copy")
    copy = study.open(tmp_path / "copy")
    before = copy.directory.report.read_bytes()
    copy.directory.report.unlink()
    assert copy.report().read_bytes() == before
    (copy.directory.comparison / "estimates.parquet").unlink()
    with pytest.raises(StudyError, match="Run `study compare"):
        copy.estimates()


def test_a_directory_without_a_study_is_refused(tmp_path):
    with pytest.raises(StudyError):
        study.open(tmp_path)


def test_a_notebook_shows_stages_and_results(opened):
    shown = opened._repr_html_()
    assert "✓ report" in shown
    rows = opened.estimates().query("metric == 'auroc'")
    assert len(rows)
    for row in rows.to_dict("records"):
        assert row["method"] in shown
        assert f"{row['estimate']:.3f} [" in shown or row["estimate"] != row["estimate"]
    assert "data:image/svg+xml;base64," in shown
    assert "<style" not in shown, "the notebook's page keeps its own style"


def test_a_notebook_shows_a_study_that_has_only_begun(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "begun")
    for name in ("comparison", "figures", "predictions", "tables"):
        shutil.rmtree(tmp_path / "begun" / name)
    (tmp_path / "begun" / "report.html").unlink()
    shown = notebook_view(*open_study(tmp_path / "begun"))
    assert "… report" in shown
    assert "✓ search" in shown
    assert "<table" not in shown
