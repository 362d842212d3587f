"""`study export`: a folder that gives the study's scores without the study."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from PIL import Image
from typer.testing import CliRunner

import study
import trainables.export
from datasets.cache.store import open_store
from study.base.errors import StudyError
from study.cli import app
from study.preparation import manifests
from trainables.export import FORMS, Form, scores
from trainables.predict import load_model

METHOD = "simclr:ft"


def export(*arguments):
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.parametrize("form", sorted(FORMS))
def test_an_exported_model_gives_the_scores_of_the_prediction_table(form, small_study, tmp_path):
    for package in FORMS[form].needs:
        pytest.importorskip(package)
    said = export(small_study, "--method", METHOD, "--to", form, "--replicate", 2, "--out", tmp_path / "out")
    assert float(re.search(r"test images: ([\d.e-]+) from", said)[1]) <= 1e-5
    opened = study.open(small_study)
    spec = opened.plan.spec
    source = manifests.test_source(spec, spec.tests[0])
    store = open_store(manifests.load_manifest(source), short_side=spec.cache_side, on_bad_image=source.on_bad_image)
    table = opened.predictions().query("method == @METHOD and split == 2 and dataset == @spec.tests[0].name").head(7)
    _, job = load_model(opened.model(METHOD, 1.0, replicate=2).checkpoint)
    seed = study.evaluation.trained_model.seed(spec.seed, "copies", spec.tests[0].name)
    model = FORMS[form].load(tmp_path / "out" / FORMS[form].file)
    found = scores(model, job, store, store.rows(table["image_id"]), copies=spec.evaluate.copies, seed=seed)[:, 1]
    assert str(small_study.parent).encode() not in (tmp_path / "out" / FORMS[form].file).read_bytes()
    np.testing.assert_allclose(found, table["score"], atol=0.005)  # an evaluation in bfloat16 differs by that
    assert np.corrcoef(found, table["score"])[0, 1] > 0.9  # else any constant would pass


def test_the_card_shows_the_comparison_and_the_limits(small_study, tmp_path):
    export(small_study, "--method", METHOD, "--to", "torchscript", "--out", tmp_path)
    card = (tmp_path / "README.md").read_text()
    estimates = pd.read_parquet(small_study / "comparison" / "estimates.parquet")
    row = estimates.query("method == @METHOD and metric == 'auroc'").iloc[0]
    assert f"| {row['dataset']} | {row['estimate']:.3f} | {row['low']:.3f} to {row['high']:.3f} |" in card
    assert "no medical device" in card
    assert "Pre-trained on: drawn images" in card
    assert "licence of its weights: this project's" in card
    assert str(small_study) not in card
    config = json.loads((tmp_path / "config.json").read_text())
    assert len(config["classes"]) == 2
    side = config["image_size"]
    logits = torch.jit.load(tmp_path / "model.pt")(torch.zeros(3, side, side, 3, dtype=torch.uint8))
    assert logits.shape == (3, 2)  # any number of images, not the two that were traced


def test_a_form_that_scores_otherwise_is_refused_and_removed(small_study, tmp_path, monkeypatch):
    class Wrong(torch.nn.Module):
        def forward(self, images):
            return torch.tensor([[0.0, 3.0]]).repeat(len(images), 1)

    wrong = Form("model.pt", FORMS["torchscript"].write, lambda _: Wrong())
    monkeypatch.setitem(trainables.export.FORMS, "torchscript", wrong)
    with pytest.raises(StudyError, match=r"An exported model scores as the study does, but torchscript differs by 0\."):
        export(small_study, "--method", METHOD, "--to", "torchscript", "--out", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unknown_form_and_a_full_folder_are_refused(small_study, tmp_path):
    with pytest.raises(StudyError, match="An export is one of safetensors, torchscript, onnx, hub-folder, got 'onxx'"):
        export(small_study, "--method", METHOD, "--to", "onxx", "--out", tmp_path / "out")
    (tmp_path / "kept.txt").touch()
    with pytest.raises(StudyError, match="empty or a new folder"):
        export(small_study, "--method", METHOD, "--out", tmp_path)


def test_a_form_whose_packages_are_absent_says_which(small_study, tmp_path, monkeypatch):
    monkeypatch.setitem(trainables.export.FORMS, "onnx", dataclasses.replace(FORMS["onnx"], needs=("no_such_package",)))
    with pytest.raises(StudyError, match=r"onnx needs no_such_package.*pip install 'skin-lesion-study\[onnx\]'"):
        export(small_study, "--method", METHOD, "--to", "onnx", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hub_folder_is_read_by_timm_alone(small_study, tmp_path):
    """As a program without this project reads it: timm's own transform, and timm's names of the classes."""
    export(small_study, "--method", METHOD, "--to", "hub-folder", "--out", tmp_path)
    model = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    data = timm.data.resolve_data_config(model=model)
    side = json.loads((tmp_path / "config.json").read_text())["image_size"]
    assert list(data["input_size"]) == [3, side, side]
    assert list(model.pretrained_cfg["label_names"]) == ["benign", "melanoma"]
    view = timm.data.create_transform(**data)(Image.new("RGB", (90, 70), (200, 150, 120)))
    assert model(view[None]).shape == (1, 2)
