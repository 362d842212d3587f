"""Operating points of a finished study: what they rest on, when they were frozen, and who may change them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from datasets.base.atomic_files import file_digest
from datasets.splits.split import Split
from study import api
from study.base.errors import StudyError
from study.comparison.operating_points.rules import choose_threshold
from study.comparison.operating_points.temperature import both_classes, fit_temperature
from study.evaluation.calibrate import calibrate
from study.evaluation.prediction_tables import expected_tables, is_made_from
from study.evaluation.validation_tables import read_validation
from study.pipeline.status import status
from study.preparation import manifests
from study.protocol import protocol
from study.protocol.opening import load_study, open_study
from study.store import operating_points_record, read_log, selection_record
from study.store.directory import StudyDirectory
from study.store.stage import StageContext
from study.training.replicates import pairs

POINT = "sensitivity_90"


@pytest.fixture
def copy(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "study")
    return StudyDirectory(tmp_path / "study")


def replicates(root):
    plan, directory = load_study(root)
    points = operating_points_record.load(directory)
    return [
        (winner, pair, directory, points.of(winner.cell, winner.rank, pair))
        for winner, pair in pairs(plan, selection_record.load(directory))
    ]


def test_each_replicate_is_scored_on_its_own_validation_images(small_study):
    for winner, pair, directory, _ in replicates(small_study):
        table, _ = read_validation(directory, winner, pair)
        split = Split.read(directory.split(pair, 1.0))
        assert sorted(table["image_id"]) == split.ids("validation")
        assert not set(table["image_id"]) & {*split.ids("train"), *split.ids("test")}
        assert table["dataset"].unique().tolist() == ["synthetic_validation"]
        assert (table["n_copies"] == 2).all()
        assert (table["score_sd"] > 0).any()  # test-time copies, as on test sets


def test_points_are_those_of_the_validation_scores(small_study):
    for winner, pair, directory, found in replicates(small_study):
        table, digest = read_validation(directory, winner, pair)
        scores, label = table["score"].to_numpy(), table["label"].to_numpy()
        assert found.validation == digest
        assert (found.images, found.positives) == (len(table), int(label.sum()))
        assert found.thresholds == {POINT: choose_threshold(POINT, scores, label == 1)}
        assert found.temperature == fit_temperature(both_classes(scores), label)


def test_the_prior_of_balanced_batches_is_that_of_the_training_images(small_study):
    for winner, pair, directory, found in replicates(small_study):
        if not winner.params["balanced"]:
            assert found.prior_shift == 0.0
            continue
        plan, _ = load_study(small_study)
        labels = manifests.load_manifest(plan.spec.train).table.set_index("image_id")["label"]
        share = (labels.loc[Split.read(directory.split(pair, 1.0)).ids("train")] == 1).mean()
        assert found.prior_shift == pytest.approx(np.log(share / (1 - share)))


def test_they_were_frozen_and_sealed_before_the_first_read(small_study):
    directory = StudyDirectory(small_study)
    points = operating_points_record.load(directory)
    first = read_log.events(directory, "read")[0]
    assert points.time <= first["time"]
    assert protocol.load(directory).operating_points == points.digest


def test_every_prediction_table_says_what_its_model_was_given(small_study):
    for winner, pair, directory, found in replicates(small_study):
        for test in ("synthetic_test", "synthetic_device"):
            table = pd.read_parquet(directory.prediction(test, winner.cell, winner.rank, pair))
            assert table[f"threshold.{POINT}"].unique().tolist() == [found.thresholds[POINT]]
            assert table["temperature"].unique().tolist() == [found.temperature]


def test_what_is_deleted_is_scored_again_and_stays_frozen(copy):
    before = copy.operating_points.read_bytes()
    gone = sorted(copy.validation.glob("*.parquet"))[0]
    content = gone.read_bytes()
    gone.unlink()
    count = status(*open_study(copy.root))["calibrate"]
    assert (count.done, count.wanted) == (4, 5)
    api.open(copy.root).run_stage("calibrate", progress=False)
    assert gone.read_bytes() == content
    assert copy.operating_points.read_bytes() == before
    assert status(*open_study(copy.root))["calibrate"].complete


def test_other_points_after_a_read_need_a_reason(copy):
    """A forger turns the validation scores round and mends the digest beside them."""
    path = sorted(copy.validation.glob("*.parquet"))[0]
    table = pd.read_parquet(path)
    table.assign(score=1 - table["score"]).to_parquet(path, index=False)
    facts = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**facts, "sha256": file_digest(path)}))
    plan, directory = open_study(copy.root)
    with pytest.raises(StudyError, match="Operating points stay frozen once test labels were read"):
        calibrate(StageContext(plan=plan, directory=directory))
    calibrate(StageContext(plan=plan, directory=directory, reopen="the scores were turned round"))
    plan, directory = open_study(copy.root)
    assert not status(plan, directory)["evaluate"].complete  # other thresholds: the tables are made anew
    assert read_log.events(directory, "reopened")[-1]["reason"] == "the scores were turned round"


def test_test_labels_stay_closed_without_operating_points(copy):
    for folder in (copy.predictions, copy.validation):
        shutil.rmtree(folder)
    for path in (copy.test_reads, copy.protocol, copy.operating_points):
        path.unlink()
    with pytest.raises(StudyError, match=r"Run `study calibrate .*` first"):
        api.open(copy.root).run_stage("evaluate", progress=False)


def test_a_table_that_was_made_before_there_were_points_is_made_anew(copy):
    """The frozen points of a study that an older version had scored are shown once --reopen chose them."""
    plan, directory = open_study(copy.root)
    path, origin = next(iter(expected_tables(plan, directory).items()))
    facts = json.loads(path.with_suffix(".json").read_text())
    assert is_made_from(path, origin)
    del facts["operating_points"]
    path.with_suffix(".json").write_text(json.dumps(facts))
    assert not is_made_from(path, origin)
    assert is_made_from(path, {name: value for name, value in origin.items() if name != "operating_points"})


def test_points_of_other_models_open_no_test_labels(copy):
    """A replicate was trained anew between `calibrate` and `evaluate`: its thresholds are another model's."""
    gone = sorted(copy.validation.glob("*.json"))[0]
    facts = json.loads(gone.read_text())
    gone.write_text(json.dumps({**facts, "checkpoint": "0" * 64}))
    shutil.rmtree(copy.predictions)
    for path in (copy.test_reads, copy.protocol):
        path.unlink()
    with pytest.raises(StudyError, match=r"points of today's models.*Run `study calibrate .*` first"):
        api.open(copy.root).run_stage("evaluate", progress=False)
    assert not copy.test_reads.exists() or not read_log.events(copy, "read")
