"""A whole study of drawn lesions of four classes, searched by balanced accuracy, from the spec to the report."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from study import api
from study.pipeline.run import run_study
from study.protocol.opening import start_study
from tests.study.example_study import spec

CLASSES = ["nevus", "seborrheic_keratosis", "dermatofibroma", "melanoma"]
SCORES = [f"score.{name}" for name in CLASSES]
CHANGES = {
    "train": {"source": "synthetic", "task": "diagnosis4", "fractions": [1.0]},
    "tests": ["synthetic_test", {"source": "synthetic_smartphone", "task": "diagnosis4"}],
    "search": {
        "trials": 1, "max_epochs": 1, "shared_design": 1, "objective": "val_balanced_accuracy", "scheduler": "none",
    },
    "resources": {"max_concurrent": 1},
    "tracking": {"models": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("four") / "study"
    run_study(*start_study(spec(**CHANGES), root))
    return root


def test_a_study_of_four_classes_runs_to_the_report(finished: Path) -> None:
    study = api.open(finished)
    table = study.predictions()
    assert [name for name in table.columns if name.startswith("score.")] == SCORES
    assert table[SCORES].sum(axis=1).to_numpy() == pytest.approx(1)
    assert "score" not in table.columns
    estimates = pd.read_parquet(finished / "comparison" / "estimates.parquet")
    assert {"auroc", "balanced_accuracy", "macro_f1", "log_loss", "brier"} <= set(estimates["metric"])
    away = estimates.query("dataset == 'synthetic_smartphone' and metric == 'balanced_accuracy'")
    assert set(away["reason"]) == {"over 3 of 4 classes: no image of dermatofibroma"}
    page = (finished / "report.html").read_text()
    assert 'id="classes"' in page
    assert "Confusion matrix of supervised:ft on synthetic_test" in page
    assert "the classes are nevus, seborrheic_keratosis, dermatofibroma and melanoma" in page


def test_what_was_sealed_are_the_metrics_of_many_classes(finished: Path) -> None:
    sealed = json.loads((finished / "protocol.json").read_text())
    assert "macro_f1" in sealed["metrics"]
    assert "partial_auc" not in sealed["metrics"]
    context = json.loads((finished / "comparison" / "context.json").read_text())
    assert context["protocol"]["metrics_added"] == []
    assert {part["positives"] for data in context["datasets"] for part in data["parts"]} == {None}


def test_a_winner_scores_test_images_as_the_evaluation_did(finished: Path) -> None:
    study = api.open(finished)
    table = study.predictions().query("method == 'simclr:ft' and split == 1 and dataset == 'synthetic_test'").head(5)
    found = study.model("simclr:ft", 1.0, replicate=1).predict_test("synthetic_test", table["image_id"].tolist())
    pd.testing.assert_frame_equal(
        found[SCORES].reset_index(drop=True), table[SCORES].reset_index(drop=True), check_exact=True
    )
