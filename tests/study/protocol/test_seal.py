"""The sealed protocol: when it is sealed, what reopens it, and what a kill at any moment leaves."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import yaml

from datasets.base.atomic_files import file_digest
from study import api
from study.base.errors import StudyError
from study.comparison.operating_points.frozen_columns import frozen_columns
from study.pipeline.status import status
from study.protocol import protocol, seal
from study.protocol.chain import breaks
from study.protocol.opening import load_study, open_study, start_study
from study.spec.loading import parse_spec
from study.store import read_log
from study.store.directory import StudyDirectory
from tests.tools.tampering import damage

REASON = "a reviewer asked for another margin"


@pytest.fixture
def copy(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "study")
    return StudyDirectory(tmp_path / "study")


def test_the_protocol_is_sealed_before_the_first_read(copy):
    kinds = [event["event"] for event in read_log.events(copy)]
    assert kinds[:2] == ["sealed", "read"]
    assert kinds[-2:] == ["compared", "reported"]
    sealed = protocol.load(copy)
    assert sealed is not None
    assert sealed.selection == json.loads(copy.selection.read_text())["digest"]
    assert not breaks(*load_study(copy.root))


def test_a_reason_reopens_and_stands_at_the_top_of_the_report(copy):
    damage(copy.root, "spec.yaml", "edited", copy.root)
    before = protocol.load(copy)
    with pytest.raises(StudyError, match=r"differs from it in compare.*--reopen REASON"):
        open_study(copy.root)
    study = api.open(copy.root, reopen=REASON)
    study.run_stage("compare", progress=False)
    study.report()
    html = copy.report.read_text()
    assert html.index("Deviations from the sealed protocol") < html.index('id="answer"')
    assert REASON in html
    after = protocol.load(copy)
    assert (after.previous, after.reason, after.spec["compare"]["margin"]) == (before.digest, REASON, 0.45)
    assert (copy.root / "superseded" / before.digest / "protocol.json").is_file()
    open_study(copy.root)
    assert api.open(copy.root).status()["complete"].all()  # the winners stay: nothing is trained again


def test_a_reason_does_not_make_splits_or_predictions_change(copy):
    damage(copy.root, "splits/*.csv", "edited", copy.root)
    with pytest.raises(StudyError, match="The splits of a study never change"):
        open_study(copy.root, reopen=REASON)


def test_a_reason_does_not_change_what_trials_were_made_from(copy):
    content = yaml.safe_load(copy.spec.read_text())
    copy.spec.write_text(yaml.safe_dump({**content, "seed": 5}))
    with pytest.raises(StudyError, match="in seed"):
        open_study(copy.root, reopen=REASON)


def test_a_larger_budget_after_test_labels_were_read_needs_a_reason(copy):
    raw = yaml.safe_load(copy.spec.read_text())
    more = parse_spec({**raw, "search": {**raw["search"], "trials": 3}})
    with pytest.raises(StudyError, match="after test labels were read a change also needs --reopen REASON"):
        start_study(more, copy.root, extend=True)
    plan, directory = start_study(more, copy.root, extend=True, reopen=REASON)
    assert not breaks(plan, directory)
    assert protocol.load(directory).selection is None  # it is selected anew, and sealed then
    assert not status(plan, directory)["select"].complete


def test_a_lost_log_can_be_accepted_and_the_report_says_so(copy):
    copy.test_reads.unlink()
    with pytest.raises(StudyError, match="Every read of test labels is logged"):
        open_study(copy.root)
    study = api.open(copy.root, reopen="the disk was full")
    assert not breaks(*load_study(copy.root))
    study.run_stage("compare", progress=False)
    study.report()
    assert "the disk was full" in copy.report.read_text()


def age(copy):
    """Make the study one of an older version: no protocol, no chain, no operating points, fewer facts beside
    predictions."""
    lines = [json.loads(line) for line in copy.test_reads.read_text().splitlines()]
    reads = [{k: v for k, v in line.items() if k != "chain"} for line in lines if line["event"] == "read"]
    copy.test_reads.write_text("".join(json.dumps(line) + "\n" for line in reads))
    copy.protocol.unlink()
    copy.operating_points.unlink()
    shutil.rmtree(copy.validation)
    for path in copy.predictions.rglob("*.json"):
        facts = json.loads(path.read_text())
        table = pd.read_parquet(path.with_suffix(".parquet"))
        table.drop(columns=frozen_columns(table.columns)).to_parquet(path.with_suffix(".parquet"), index=False)
        facts["sha256"] = file_digest(path.with_suffix(".parquet"))
        old = ("selection", "checkpoint", "manifest", "copies", "rows", "sha256")
        path.write_text(json.dumps({name: facts[name] for name in old}))


def test_a_study_of_an_older_version_is_sealed_late(copy):
    """Its lines stay, and the report says what is not known."""
    age(copy)
    plan, directory = open_study(copy.root)
    seal.adopt(plan, directory)
    assert protocol.load(directory).late
    assert not breaks(plan, directory)
    study = api.open(copy.root)
    assert study.status().set_index("stage")["complete"][["calibrate", "evaluate"]].all()
    study.run_stage("compare", progress=False)
    study.report()
    assert "sealed after test labels had been read" in copy.report.read_text()
    study.run_stage("calibrate", progress=False)  # what is chosen now would not be frozen before the read
    assert not copy.operating_points.exists()


def test_an_older_study_whose_spec_was_changed_is_not_sealed(copy):
    age(copy)
    damage(copy.root, "spec.yaml", "edited", copy.root)
    copy.plan.unlink()
    with pytest.raises(StudyError, match="changed after they were"):
        open_study(copy.root)


def test_a_line_torn_by_a_kill_was_never_written(copy):
    text = copy.test_reads.read_text()
    copy.test_reads.write_text(text + '{"event": "sco')
    open_study(copy.root)
    read_log.append(copy, "read", purpose="again")
    assert [event["event"] for event in read_log.events(copy)][-1] == "read"
    assert copy.test_reads.read_text().startswith(text)


def test_a_kill_between_the_seal_and_the_first_read_leaves_a_study_that_goes_on(copy):
    shutil.rmtree(copy.predictions)
    first = copy.test_reads.read_text().splitlines()[0]
    copy.test_reads.write_text(first + "\n")
    assert not breaks(*load_study(copy.root))
    copy.protocol.unlink()  # the event is written before the file
    assert not breaks(*load_study(copy.root))
