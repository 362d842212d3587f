"""A bank keeps what was recorded, and its datasheet says how precise that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from study.base.errors import StudyError
from study.pipeline.record_curves import curves_spec, record_curves
from study.plan.cells import plan
from study.search.samplers.designs import design_point
from study.search.samplers.sobol import SAMPLER, point_number, trials_of
from study.simulation.curve_bank import read_bank, write_bank
from study.simulation.datasheet import run_deviation, write_datasheet
from study.spec.loading import load_spec
from tests.study.example_study import spec
from tests.study.simulation.banks import NOISE, bank_plan, bank_trials, small_bank

ROOT = Path(__file__).parents[3]


def test_every_third_configuration_is_trained_twice_wherever_the_record_ends():
    numbers = [point_number(trial) for trial in range(trials_of(150))]
    assert sorted(set(numbers)) == list(range(150))
    assert len(numbers) == 200
    for end in range(4, 200):
        twice = end - len(set(numbers[:end]))
        assert abs(twice - len(set(numbers[:end])) / 3) <= 1


def test_the_sampler_walks_the_shared_design():
    plan = bank_plan()
    trials = [trial for trial in bank_trials(plan) if trial.cell == "supervised-ft-1"]
    assert [trial.params for trial in trials[:5]] == [
        design_point(plan.cells[0].space, number, 0) for number in (0, 1, 2, 0, 3)
    ]
    assert SAMPLER.points(plan.cells[0].space) is None


def test_a_bank_read_again_is_what_was_written(tmp_path):
    plan = bank_plan()
    trials = bank_trials(plan)
    cells = read_bank(small_bank(tmp_path / "bank.parquet"))
    assert [cell.key for cell in cells] == [cell.key for cell in plan.cells]
    for cell, planned in zip(cells, plan.cells, strict=True):
        assert cell.space.digest == planned.space.digest
        assert cell.space.grid_points() == planned.space.grid_points()
        mine = [trial for trial in trials if trial.cell == cell.key]
        assert [trial.params for trial in cell.trials] == [trial.params for trial in mine]
        assert [bool(trial.failed) for trial in cell.trials] == [trial.state == "FAIL" for trial in mine]
        for found, trial in zip(cell.trials, mine, strict=True):
            np.testing.assert_allclose(found.auc, [record.metrics["val_auc"] for record in trial.epochs], atol=1e-6)
    first = cells[0].trials
    assert first[3].configuration == first[0].configuration == 0
    assert len({trial.configuration for trial in first}) == 24


def test_a_cell_that_has_no_trial_yet_is_not_in_the_bank(tmp_path):
    """`--cells` and an early Ctrl-C leave such cells."""
    plan = bank_plan()
    begun = {cell.key for cell in plan.cells[:2]}
    trials = [trial for trial in bank_trials(plan) if trial.cell in begun]
    trials.append(replace(trials[0], cell=plan.cells[2].key, state="RUNNING"))
    out = write_bank(plan, trials, tmp_path / "bank.parquet")
    assert {cell.key for cell in read_bank(out)} == begun
    assert f"| {plan.cells[2].key} |" not in write_datasheet(out).read_text()


def test_an_older_bank_is_read_without_its_empty_cells(tmp_path):
    out = small_bank(tmp_path / "bank.parquet")
    table = pq.read_table(out)
    older = table.filter(pc.not_equal(table["cell"], "simclr-ft-1"))
    pq.write_table(older.replace_schema_metadata(table.schema.metadata), out)
    cells = [cell.key for cell in read_bank(out)]
    assert "simclr-ft-1" not in cells
    assert len(cells) == len(bank_plan().cells) - 1


def test_a_cell_whose_trials_all_failed_at_once_has_a_row_of_unknowns(tmp_path):
    plan = bank_plan()
    trials = [
        replace(trial, state="FAIL", reason="no memory", epochs=()) if trial.cell == "supervised-ft-1" else trial
        for trial in bank_trials(plan)
    ]
    sheet = write_datasheet(write_bank(plan, trials, tmp_path / "bank.parquet")).read_text()
    (row,) = (line for line in sheet.splitlines() if line.startswith("| supervised-ft-1 |"))
    assert row.split(" | ")[4:9] == ["0", "32", "nan", "nan", "nan"]


def test_what_is_no_bank_is_refused(tmp_path):
    (tmp_path / "other.parquet").write_text("no parquet")
    with pytest.raises(StudyError, match=r"A bank of curves is a parquet file that `study curves` wrote"):
        read_bank(tmp_path / "other.parquet")


def test_the_deviation_of_a_run_is_that_of_the_noise(tmp_path):
    cell = read_bank(small_bank(tmp_path / "bank.parquet", configurations=240))[0]
    last, _, pairs = run_deviation(cell)
    assert pairs > 60
    assert last == pytest.approx(NOISE, rel=0.25)


def test_the_datasheet_has_a_row_a_cell_and_a_figure(tmp_path):
    sheet = write_datasheet(small_bank(tmp_path / "bank.parquet")).read_text()
    assert all(f"| {cell.key} |" in sheet for cell in bank_plan().cells)
    assert (tmp_path / "bank.png").stat().st_size > 1000


def test_the_bank_of_the_documentation_is_that_of_the_spec_that_ships():
    cells = read_bank(ROOT / "docs/curves/ham10000.parquet")
    planned = {cell.key: cell.space.digest for cell in plan(load_spec(ROOT / "study/specs/curves.yaml")).cells}
    assert {cell.key: cell.space.digest for cell in cells} == planned
    tuned = [cell for cell in cells if cell.space.name == "ft"]
    assert all(run_deviation(cell)[2] >= 15 and cell.max_epochs == 9 for cell in tuned)
    assert all(len({trial.configuration for trial in cell.trials}) >= 50 for cell in tuned)


def test_the_spec_keeps_its_cells_and_loses_its_search():
    given = spec(search={"sampler": "gp", "trials": 7, "max_epochs": 4, "scheduler": {"asha": {"eta": 3}}})
    changed = curves_spec(given, 30)
    assert (changed.search.sampler, changed.search.trials, changed.search.scheduler.name) == ("sobol", 40, None)
    assert (changed.methods, changed.train, changed.search.max_epochs) == (given.methods, given.train, 4)
    with pytest.raises(StudyError, match=r"the spec's objective is val_loss. Set it to val_auc"):
        record_curves(spec(search={"objective": "val_loss"}), None, None, configurations=3)


def test_curves_are_recorded_and_more_can_be_added(tmp_path):
    small = spec(
        methods=["supervised:linear"],
        train={"source": "synthetic", "fractions": [1.0, 0.1]},
        search={"trials": 1, "max_epochs": 1},
        resources={"max_concurrent": 1},
    )
    for configurations in (2, 3):
        record_curves(small, tmp_path / "run", tmp_path / "bank.parquet", configurations=configurations, cells="*-0.1")
        (cell,) = read_bank(tmp_path / "bank.parquet")
        assert len(cell.trials) == trials_of(configurations)
    assert cell.trials[3].params == cell.trials[0].params
    with pytest.raises(StudyError, match=r"a pattern of some cells, got 'none\*'. The cells are supervised-l"):
        record_curves(small, tmp_path / "run", tmp_path / "bank.parquet", configurations=3, cells="none*")
    assert "training data: synthetic" in (tmp_path / "bank.md").read_text()
