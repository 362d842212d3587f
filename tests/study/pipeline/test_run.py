"""The whole line on drawn lesions, through the command line: one study run once, then looked at from all sides."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from filelock import FileLock

from study import api
from study.base.errors import StudyError
from study.pipeline.run import run_stage, run_study
from study.preparation.test_labels import log
from study.protocol.opening import start_study
from study.store.directory import StudyDirectory
from tests.study.example_study import raw, spec

TESTS = ("synthetic_test", "synthetic_device")
TRIALS, PAIRS = 3, 2


def study(*arguments, check=True, limit=280):
    """Run the command line; returns its exit code, stdout and stderr."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "study", *map(str, arguments)], capture_output=True, text=True, timeout=limit, env=env
    )
    assert not check or done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def small_spec(path, **changes):
    search = {"trials": TRIALS, "max_epochs": 2, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}}
    train = {"source": "synthetic", "fractions": [1.0]}
    content = raw(train=train, search=search, resources={"max_concurrent": 1}, tracking={"models": False}, **changes)
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def finished(shared):
    """A finished study and what its run printed."""
    root = shared / "line"
    spec, said = root / "spec.yaml", root / "said.txt"
    with FileLock(f"{shared}-line.lock", timeout=600):
        if not said.exists():
            root.mkdir(parents=True)
            said.write_text(study("run", small_spec(spec), "--dir", root / "study").stdout)
    return StudyDirectory(root / "study"), spec, said.read_text()


def test_every_image_is_scored_once_per_replicate_on_every_test_set(finished):
    directory, _, _ = finished
    table = pd.concat(pd.read_parquet(path) for path in directory.predictions.rglob("*.parquet"))
    assert not table.duplicated(["method", "fraction", "rank", "split", "dataset", "image_id"]).any()
    held_out = pd.read_csv(directory.split(0, 1.0)).query("part == 'test'")["image_id"]
    for (_, _, dataset), rows in table.groupby(["method", "split", "dataset"]):
        wanted = set(held_out) if dataset == TESTS[0] else None
        assert wanted is None or set(rows["image_id"]) == wanted
    assert len(table.groupby(["method", "split", "dataset"])) == 2 * PAIRS * len(TESTS)
    assert table["score"].between(0, 1).all()
    assert len({(split, seed) for split, seed in zip(table["split"], table["seed"], strict=True)}) == PAIRS


def test_no_tested_lesion_was_trained_on(finished):
    directory, _, _ = finished
    for path in directory.root.glob("splits/*.csv"):
        split = pd.read_csv(path, keep_default_na=False)
        split["patient"] = split["image_id"].str.extract(r"(.*)_L\d", expand=False)
        parts = split[split["part"] != ""].groupby("patient")["part"].nunique()
        assert parts.max() == 1, path


def test_what_was_printed_is_in_the_report(finished):
    directory, _, out = finished
    (line,) = [
        line for line in out.splitlines() if line.startswith("auc fraction=1 method=supervised:ft test=synthetic_test")
    ]
    estimates = pd.read_parquet(directory.comparison / "estimates.parquet")
    row = estimates.query("metric == 'auroc' and method == 'supervised:ft' and dataset == 'synthetic_test'").iloc[0]
    assert f"{row['estimate']:.3f}" in line
    assert f"{row['estimate']:.3f}" in directory.report.read_text()
    assert str(directory.report) in out


def test_test_labels_were_read_after_the_selection_only(finished):
    directory, _, _ = finished
    frozen = json.loads(directory.selection.read_text())
    reads = log(directory)
    assert {read["dataset"] for read in reads} == set(TESTS)
    assert all(read["selection"] == frozen["digest"] and read["time"] >= frozen["time"] for read in reads)


def test_a_finished_study_is_left_alone(finished):
    directory, spec, _ = finished
    before = _digests(directory.root)
    started = time.monotonic()
    done = study("run", spec, "--dir", directory.root)
    assert "nothing to do" in done.stdout
    assert time.monotonic() - started < 30
    assert _digests(directory.root) == before


def test_status_tells_how_far_it_is(finished):
    directory, _, _ = finished
    out = study("status", directory.root).stdout
    assert "search     done  6/6" in out
    assert "report     done  1/1" in out


def test_predictions_are_all_that_the_comparison_needs(finished, tmp_path):
    directory, _, _ = finished
    copy = StudyDirectory(tmp_path / "copy")
    shutil.copytree(directory.root, copy.root)
    shutil.rmtree(copy.root / "trials")
    shutil.rmtree(copy.root / "replicates")
    again = api.open(copy.root)
    again.run_stage("compare", progress=False)
    again.report()
    assert copy.report.read_bytes() == directory.report.read_bytes()


def test_a_missing_or_altered_prediction_table_stops_the_comparison(finished, tmp_path):
    directory, _, _ = finished
    copy = StudyDirectory(tmp_path / "copy")
    shutil.copytree(directory.root, copy.root)
    first = sorted(copy.predictions.rglob("*.parquet"))[0]
    pd.read_parquet(first).assign(score=0.5).to_parquet(first)
    with pytest.raises(StudyError, match="Prediction tables never change once written"):
        run_stage(copy.root, "compare")
    first.unlink()
    first.with_suffix(".json").unlink()
    with pytest.raises(StudyError, match="but 1 are missing"):
        run_stage(copy.root, "compare")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ["supervised:ft", "simcrl:ft"]}, "'simcrl'"),
        ({"tests": ["synthetic_tset"]}, "'synthetic_tset': the nearest is"),
        ({"methods": [{"encoder": "supervised", "weights": "/none/there.pth"}]}, "/none/there.pth"),
        ({"augmentation": "wild"}, "got 'wild'"),
    ],
)
def test_bad_input_is_one_error_before_anything_starts(tmp_path, changes, message):
    plan, directory = start_study(spec(**changes), tmp_path / "study")
    with pytest.raises(StudyError, match=re.escape(message)):
        run_study(plan, directory)
    assert {path.name for path in directory.root.iterdir()} == {"spec.yaml", "plan.json"}


def test_what_never_fits_is_refused_by_the_command_line_with_the_arithmetic(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(raw(resources={"cpus_per_trial": 999})))
    done = study("run", path, "--dir", tmp_path / "study", check=False)
    assert done.returncode == 2
    assert "CPU: 1 × 999 = 999 wanted" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in (tmp_path / "study").iterdir()} == {"spec.yaml", "plan.json"}


def _digests(root):
    return {
        path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(root).rglob("*")
        if path.is_file() and path.suffix in (".parquet", ".json", ".html", ".csv", ".pt", ".yaml")
    }
