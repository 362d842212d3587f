"""The simulator runs the real engine; its worlds have a known truth."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from datasets.base.atomic_files import write_text
from study.base.errors import StudyError
from study.cli import app
from study.search.samplers.designs import design_point
from study.search.samplers.optuna_study import distributions
from study.simulation.compare_settings import ETAS_AND_GRACES, _one_thread, compare, reached, settings
from study.simulation.curve_models import DrawnCurves, RecordedCurves
from study.simulation.simulate import Outcome, Setting, full_grid, patient_end, simulate
from study.simulation.worlds import drawn, recorded
from study.store.directory import StudyDirectory
from study.store.trial_storage import Record, open_storage
from tests.study.search.example_cells import small_plan

ASHA = {"eta": 3, "grace": 5}


def outcome(path, epochs=10):
    return Outcome(path=np.array(path), epochs=epochs, trials=1)


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_a_search_spends_its_epochs_and_no_more_than_a_running_epoch_a_slot(variant):
    setting = Setting(name="s", sampler="random", asha={**ASHA, "variant": variant})
    found = simulate(setting, drawn(0), epochs=300, seed=0, slots=4)
    assert 300 <= found.epochs < 304
    assert found.trials > 300 / 100, "losers were stopped early"
    assert (np.diff(found.path) != 0).any()


def test_the_same_seed_gives_the_same_search():
    setting = Setting(name="s", asha=ASHA)
    one, other = (simulate(setting, drawn(1), epochs=120, seed=3) for _ in range(2))
    assert (one.path == other.path).all()
    assert simulate(setting, drawn(1), epochs=120, seed=4).path.tolist() != one.path.tolist()


def test_a_training_stops_itself_after_22_epochs_without_a_better_one():
    assert patient_end(np.array([0.5, 0.6, *[0.55] * 40])) == 24
    assert patient_end(np.linspace(0.5, 0.9, 60)) == 60


def test_a_grid_costs_all_its_trainings_and_its_winner_is_measured_by_the_truth():
    world = drawn(2)
    grid = full_grid(world.grid, world.curves, world.max_epochs)
    curves = [world.curves.curve(point, 100) for point in world.grid]
    assert (grid.trials, grid.epochs) == (60, sum(patient_end(curve.reported) for curve in curves))
    assert grid.auc <= max(curve.truth.max() for curve in curves)


def test_reaching_means_staying_close_to_the_grids_best():
    grid = outcome([0.9], epochs=100)
    assert reached(outcome([0.8, 0.896, 0.897]), grid) == 0.02
    assert reached(outcome([0.896, 0.8, 0.897]), grid) == 0.03
    assert reached(outcome([0.8, 0.896, 0.8]), grid) == math.inf
    assert reached(outcome([0.95]), grid) == 0.01


def test_drawn_worlds_differ_and_are_reproducible():
    point = design_point(drawn(0).space, 0, 0)
    one, again, other = (DrawnCurves(drawn(0).space, world).curve(point, 20) for world in (0, 0, 1))
    assert (one.reported == again.reported).all()
    assert not np.allclose(one.truth, other.truth)
    assert ((one.truth >= 0.5) & (one.truth <= 1.0)).all()


def test_every_setting_is_compared_over_the_same_worlds():
    chosen = [Setting(name="random", sampler="random", asha=ASHA), Setting(name="none", sampler="random")]
    rows = compare(chosen, drawn, repetitions=2, slots=4, processes=1)
    assert [row.setting.name for row in rows] == ["random", "none"]
    assert all(0 <= row.success <= 1 and row.trials > 0 for row in rows)
    assert rows[0].trials > rows[1].trials


def test_both_variants_are_compared_at_the_same_rungs():
    pairs = [(s.asha["variant"], s.asha["eta"], s.asha["grace"]) for s in settings() if s.asha and s.sampler == "tpe"]
    assert {pair[1:] for pair in pairs if pair[0] == "stopping"} == {p[1:] for p in pairs if p[0] == "promotion"}


@pytest.fixture
def study(tmp_path):
    """A recorded study of two cells with six trials each, whose AUC rises with the learning rate."""
    plan = small_plan(trials=6, max_epochs=4)
    directory = StudyDirectory(tmp_path / "study")
    write_text(directory.spec, plan.spec.model_dump_json())
    record = Record(
        open_storage(directory.storage_url),
        "toy",
        [c.key for c in plan.cells],
        objective="val_auc",
        direction="maximize",
    )
    for cell in plan.cells:
        for number in range(6):
            params = design_point(cell.space, number, 0)
            record.create(cell.key, params, distributions(cell.space), origin="shared", seed=number)
            for epoch in range(1, 5):
                value = 0.6 + 0.1 * math.log10(params["lr"] / 1e-4) / 4 + 0.01 * epoch
                record.epoch(cell.key, number, epoch, {"val_auc": value})
            record.finish(cell.key, number, "COMPLETE")
    return directory


def test_a_recorded_study_gives_its_cells_in_turn(study):
    worlds = [recorded(study.root, index) for index in range(3)]
    assert worlds[0] is worlds[2]
    assert worlds[0] is not worlds[1]
    trial = worlds[0].curves._trials[2]
    found = worlds[0].curves.curve(trial.params, 6)
    assert found.reported[:4].tolist() == [record.metrics["val_auc"] for record in trial.epochs]
    assert found.reported[5] == found.reported[3], "held after its last recorded epoch"
    assert isinstance(worlds[0].curves, RecordedCurves)


def test_the_command_prints_a_row_a_setting(study, tmp_path):
    done = CliRunner().invoke(app, ["simulate", "--repetitions", "2", "--recorded", str(study.root)])
    assert done.exit_code == 0, done.output
    assert done.output.count("promotion") == len(ETAS_AND_GRACES)
    assert "s." in done.output.splitlines()[-1]
    with pytest.raises(StudyError, match=r"A recorded study is a study directory, but .*spec.yaml does not exist"):
        recorded(tmp_path / "none", 0)


def test_a_process_that_knew_torch_before_has_one_thread_as_well():
    """Forked from one that had loaded it, torch does not read the environment again."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with ProcessPoolExecutor(1, initializer=_one_thread) as pool:
            assert pool.submit(torch.get_num_threads).result(timeout=60) == 1
    finally:
        torch.set_num_threads(before)
