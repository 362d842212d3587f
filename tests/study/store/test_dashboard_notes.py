"""What optuna-dashboard shows of a cell."""

from __future__ import annotations

import optuna
import pytest

from study.store.dashboard_notes import NOTE, NOTE_VERSION, describe, note
from study.store.trial_storage import Record, open_storage
from tests.study.example_study import planned


@pytest.fixture
def described(tmp_path):
    plan, storage = planned(question="Which is better?"), open_storage(f"sqlite:///{tmp_path / 'trials.db'}")
    keys = [cell.key for cell in plan.cells]
    Record(storage, plan.spec.study, keys, objective="val_auc", direction="maximize")
    describe(storage, plan)
    return plan, storage


def test_every_cell_has_a_note_and_a_named_objective(described):
    plan, storage = described
    for cell in plan.cells:
        study = optuna.load_study(study_name=f"small/{cell.key}", storage=storage)
        assert study.metric_names == ["val_auc"]
        said = storage.get_study_system_attrs(study._study_id)[NOTE]
        assert said.startswith(f"## {cell.title}\n")
        assert "Which is better?" in said
        assert "4 trials of at most 3 epochs" in said


def test_the_dashboard_reads_it(described):
    """With the extra `dashboard` installed."""
    dashboard = pytest.importorskip("optuna_dashboard")
    plan, storage = described
    study = optuna.load_study(study_name=f"small/{plan.cells[0].key}", storage=storage)
    assert dashboard.get_note(study) == note(plan, plan.cells[0])


def test_a_note_that_somebody_changed_stays(described):
    plan, storage = described
    study = next(study for study in storage.get_all_studies() if study.study_name.endswith(plan.cells[0].key))
    storage.set_study_system_attr(study._study_id, NOTE, "mine")
    storage.set_study_system_attr(study._study_id, NOTE_VERSION, 2)
    describe(storage, plan)
    assert storage.get_study_system_attrs(study._study_id)[NOTE] == "mine"
