"""Records of a finished study, tampered with: no command gives another result. Whole: tests.soak.tampering."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from study import api
from study.base.errors import StudyError
from study.pipeline.verify import verify
from study.protocol.opening import load_study, open_study
from tests.soak import tampering as matrix
from tests.tools.tampering import RECORDS, damage, outcome, result

REFUSED = [
    *[
        (name, "edited")
        for name in (
            "spec.yaml",
            "plan.json",
            "splits/*.csv",
            "manifests.json",
            "audit.json",
            "precision.json",
            "trials.db",
            "selection.json",
            "operating_points.json",
            "protocol.json",
            "test_reads.jsonl",
            "predictions/*.parquet",
            "predictions/*.json",
        )
    ],
    ("trials.db", "emptied"),
    ("trials.db", "deleted"),
    ("selection.json", "deleted"),
    ("operating_points.json", "deleted"),
    ("protocol.json", "deleted"),
    ("test_reads.jsonl", "truncated"),
    ("test_reads.jsonl", "deleted"),
]


@pytest.fixture
def copy(small_study, tmp_path):
    shutil.copytree(small_study, tmp_path / "study")
    return tmp_path / "study"


@pytest.mark.parametrize(("name", "how"), REFUSED)
def test_what_decided_a_result_cannot_change_unseen(copy, name, how):
    damage(copy, name, how, copy)
    with pytest.raises(StudyError) as error:
        open_study(copy)
    path = name.split("*")[0].rstrip("/")
    assert str(copy / path) in str(error.value)
    assert any(word in str(error.value) for word in ("Restore", "Delete it"))
    assert outcome("report", copy, copy / "spec.yaml", {}) == "refused"
    assert any(link.answer == "broken" for link in verify(*load_study(copy)))


def test_an_ended_trial_cannot_change_before_a_winner_is_frozen_either(copy, monkeypatch):
    """A bit that flips in the file is seen as an edit is: each trial ends with its digest."""
    monkeypatch.setattr("study.protocol.search_links.selection_record.current", lambda plan, directory: None)
    damage(copy, "trials.db", "edited", copy)
    with pytest.raises(StudyError, match=r"A trial that has ended never changes, but .*trials\.db holds another "):
        open_study(copy)


def test_a_damaged_page_of_pictures_is_one_error_of_the_report(copy):
    damage(copy, "comparison/qualitative/panels.json", "truncated", copy)
    with pytest.raises(StudyError, match=r"panels\.json: .* Delete the folder .* run `study evaluate`"):
        api.open(copy).report()


@pytest.mark.parametrize("name", ["comparison/*.parquet", "comparison/context.json", "report.html"])
def test_what_was_computed_from_the_records_is_computed_anew(copy, name):
    before = result(copy)
    damage(copy, name, "edited", copy)
    assert [link.answer for link in verify(*load_study(copy))].count("broken") == 1
    assert outcome("run", copy, copy / "spec.yaml", before) == "healed or unchanged"
    assert {link.answer for link in verify(*load_study(copy))} == {"holds"}


@pytest.mark.parametrize("how", ["truncated", "emptied"])
def test_a_damaged_prediction_table_is_said_by_a_run_that_has_nothing_to_do(copy, how):
    damage(copy, "predictions/*.parquet", how, copy)
    with pytest.raises(StudyError, match=r"predictions/.*parquet has .*Delete it and run `study evaluate"):
        api.run(copy / "spec.yaml", copy, progress=False)


def test_a_report_of_altered_tables_is_refused(copy):
    damage(copy, "comparison/*.parquet", "edited", copy)
    with pytest.raises(StudyError, match=r"files in .*comparison were altered"):
        api.open(copy).report()


def test_a_replicate_that_was_trained_anew_is_scored_anew(copy):
    """Predictions are keyed by the checkpoint that made them, not by their existence."""
    before = result(copy)
    folder = sorted((copy / "replicates").glob("*/*"))[0]
    facts = sorted((copy / "predictions").glob(f"*/{folder.parent.name}-{folder.name}.json"))
    for checkpoint in (folder / "best.pt", folder / "result.json"):
        checkpoint.unlink()
    assert outcome("run", copy, copy / "spec.yaml", before) == "healed or unchanged"
    trained = json.loads((folder / "result.json").read_text())["checkpoint"]
    assert {json.loads(path.read_text())["checkpoint"] for path in facts} == {trained}
    damage(copy, "predictions/*.json", "deleted", copy)
    assert outcome("run", copy, copy / "spec.yaml", before) == "healed or unchanged"


def test_every_record_of_a_study_is_in_the_matrix(small_study):
    """A record that is added to a study must be added to the matrix, or be named here with a reason."""
    patterns = [record.pattern for record in RECORDS.values()]
    passing = (
        "figures/*", "tables/*",  # outputs of the report, covered by its digest
        "comparison/*", "comparison/qualitative/*",
        "trials/*/*/*",  # checkpoints of finished trials: nothing reads them again
        "replicates/*/*/*",  # learning curves of the replicates
        "mlflow.db*", "mlartifacts/**/*", "tracking/**/*", "tracking.log", "*.lock", ".*",
        "splits/*", "validation/*", "predictions/*/*",
    )  # fmt: skip
    paths = [path for path in small_study.rglob("*") if path.is_file()]
    unknown = [
        path.relative_to(small_study)
        for path in paths
        if not any(_matches(path, small_study, pattern) for pattern in (*patterns, *passing))
    ]
    assert unknown == []


def _matches(path: Path, root: Path, pattern: str) -> bool:
    return path in set(root.glob(pattern))


@pytest.mark.slow
def test_the_whole_matrix(monkeypatch):
    """Slow: 595 commands, each on a copy of a study of its own."""
    monkeypatch.setattr("sys.argv", ["tampering"])
    assert matrix.main() == 0
