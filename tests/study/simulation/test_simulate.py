"""The simulator runs the real engine; its benchmark problems have a known truth."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from datasets.base.atomic_files import write_text
from search_spaces import load
from study.base.errors import StudyError
from study.cli import app
from study.preparation.validation_size import ValidationSize
from study.search.samplers.designs import design_point
from study.search.samplers.optuna_study import distributions
from study.selection.winners import winners
from study.simulation.benchmark import ETAS_AND_GRACES, epochs_to_target, one_thread, run_benchmark, search_configs
from study.simulation.benchmark_problems import BenchmarkProblem, recorded_problem, synthetic_problem
from study.simulation.curve_simulators import LearningCurve, RecordedCurves, SyntheticCurves, unit_value
from study.simulation.simulate import (
    Incumbent,
    SearchConfig,
    SearchOutcome,
    early_stopping_epoch,
    engine_of,
    full_grid,
    play,
    simulate,
    simulated_plan,
)
from study.store.directory import StudyDirectory
from study.store.trial_storage import Record, open_storage
from tests.study.search.example_cells import small_plan

ASHA = {"eta": 3, "grace": 5}


def outcome(path, epochs=10):
    return SearchOutcome(incumbent=np.array(path), epochs=epochs, trials=1)


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_a_search_spends_its_epochs_and_no_more_than_a_running_epoch_a_slot(variant):
    config = SearchConfig(name="s", sampler="random", asha={**ASHA, "variant": variant})
    search = simulate(config, synthetic_problem(0), epochs=300, seed=0, slots=4)
    assert 300 <= search.epochs < 304
    assert search.trials > 300 / 100, "losers were stopped early"
    assert (np.diff(search.incumbent) != 0).any()


def test_the_same_seed_gives_the_same_search():
    config = SearchConfig(name="s", asha=ASHA)
    one, other = (simulate(config, synthetic_problem(1), epochs=120, seed=3) for _ in range(2))
    assert (one.incumbent == other.incumbent).all()
    assert simulate(config, synthetic_problem(1), epochs=120, seed=4).incumbent.tolist() != one.incumbent.tolist()


def test_a_training_stops_itself_after_22_epochs_without_a_better_one():
    assert early_stopping_epoch(np.array([0.5, 0.6, *[0.55] * 40])) == 24
    assert early_stopping_epoch(np.linspace(0.5, 0.9, 60)) == 60


def test_a_grid_costs_all_its_trainings_and_its_winner_is_measured_by_the_truth():
    problem = synthetic_problem(2)
    grid = full_grid(problem.grid, problem.curves, problem.max_epochs)
    curves = [problem.curves.curve(point, 100) for point in problem.grid]
    assert (grid.trials, grid.epochs) == (60, sum(early_stopping_epoch(curve.reported) for curve in curves))
    assert grid.auc <= max(curve.truth.max() for curve in curves)


class SomeDiverge:
    """The larger a learning rate, the better; the largest of them, a share of the range, fail after two epochs."""

    def __init__(self, share=0.5):
        self._share = share

    def curve(self, params, epochs):
        place = unit_value(SPACE.domains["lr"], params["lr"])
        fails = place >= 1 - self._share
        truth = 0.6 + 0.3 * place + np.arange(epochs) / 1000
        return LearningCurve(*([truth[:2] if fails else truth] * 2), diverges=fails)


SPACE = load("ft")


def diverging(share=0.5, epochs=6):
    return BenchmarkProblem(space=SPACE, curves=SomeDiverge(share), grid=SPACE.grid_points(), max_epochs=epochs)


@pytest.mark.parametrize("asha", [None, *({"eta": 3, "grace": 1, "variant": v} for v in ("stopping", "promotion"))])
def test_the_winner_is_whom_a_study_would_select_and_no_trial_that_failed(asha):
    config = SearchConfig(name="s", sampler="random", trials=30, asha=asha)
    plan = simulated_plan(config, [diverging()], epochs=100, seed=1)
    engine = engine_of(plan)
    (seen,) = play(engine, [diverging()], slots=4).values()
    trials = engine.record.trials()
    ((winner,),) = winners(plan, trials, ValidationSize(positives=1, negatives=1)).values()
    found = seen.outcome(len(trials))
    assert found.auc == pytest.approx(winner.value)
    failed = max(trial.value for trial in trials if trial.state == "FAIL")
    assert found.incumbent.max() == pytest.approx(failed), "what it held before it failed stays in the curve"
    assert failed > winner.value + 0.01


def test_where_every_trial_fails_nothing_is_won():
    search = simulate(SearchConfig(name="s", sampler="random", trials=9), diverging(share=1.0), epochs=999, seed=0)
    assert search.auc == 0.0
    assert search.incumbent.max() > 0.6


def test_the_best_of_a_cell_is_that_of_its_trials_that_did_not_fail():
    seen = Incumbent()
    seen.add(0, 0.70, 0.71)
    seen.add(1, 0.80, 0.81)
    seen.add(0, 0.75, 0.74)
    seen.add(1, 0.90, 0.89)
    seen.fail(1)
    seen.add(2, 0.72, 0.73)  # behind the second epoch of the first
    seen.fail(2)
    seen.fail(0)
    found = seen.outcome(3)
    assert found.incumbent.tolist() == [0.71, 0.81, 0.81, 0.89, 0.74, 0.74, 0.74, 0.0]
    assert (found.epochs, found.trials) == (8, 3)


def test_a_grid_pays_for_what_fails_and_chooses_among_the_others():
    problem = diverging()
    curves = [problem.curves.curve(point, 6) for point in problem.grid]
    whole = [curve for curve in curves if not curve.diverges]
    assert 0 < len(whole) < len(curves)
    grid = full_grid(problem.grid, problem.curves, 6)
    assert grid.auc == max(curve.truth.max() for curve in whole) < max(curve.truth.max() for curve in curves)
    assert (grid.trials, grid.epochs) == (len(curves), sum(len(curve.reported) for curve in curves))
    assert full_grid(problem.grid, problem.curves, 2).auc > grid.auc, "none fails before the third epoch"
    with pytest.raises(StudyError, match=r"every training of the grid fails. Simulate another space"):
        full_grid(problem.grid, SomeDiverge(share=1.0), 6)


def test_reaching_means_staying_close_to_the_grids_best():
    grid = outcome([0.9], epochs=100)
    assert epochs_to_target(outcome([0.8, 0.896, 0.897]), grid) == 0.02
    assert epochs_to_target(outcome([0.896, 0.8, 0.897]), grid) == 0.03
    assert epochs_to_target(outcome([0.8, 0.896, 0.8]), grid) == math.inf
    assert epochs_to_target(outcome([0.95]), grid) == 0.01


def test_synthetic_problems_differ_and_are_reproducible():
    point = design_point(synthetic_problem(0).space, 0, 0)
    one, again, other = (SyntheticCurves(synthetic_problem(0).space, problem).curve(point, 20) for problem in (0, 0, 1))
    assert (one.reported == again.reported).all()
    assert not np.allclose(one.truth, other.truth)
    assert ((one.truth >= 0.5) & (one.truth <= 1.0)).all()


def test_every_configuration_runs_on_the_same_problems():
    configs = [SearchConfig(name="random", sampler="random", asha=ASHA), SearchConfig(name="none", sampler="random")]
    rows = run_benchmark(configs, synthetic_problem, repetitions=2, slots=4, processes=1)
    assert [row.config.name for row in rows] == ["random", "none"]
    assert all(0 <= row.success <= 1 and row.trials > 0 for row in rows)
    assert rows[0].trials > rows[1].trials


def test_both_variants_are_compared_at_the_same_rungs():
    pairs = [
        (s.asha["variant"], s.asha["eta"], s.asha["grace"]) for s in search_configs() if s.asha and s.sampler == "tpe"
    ]
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
    problems = [recorded_problem(study.root, index) for index in range(3)]
    assert problems[0] is problems[2]
    assert problems[0] is not problems[1]
    trial = problems[0].curves._trials[2]
    curve = problems[0].curves.curve(trial.params, 6)
    assert curve.reported[:4].tolist() == [record.metrics["val_auc"] for record in trial.epochs]
    assert curve.reported[5] == curve.reported[3], "held after its last recorded epoch"
    assert isinstance(problems[0].curves, RecordedCurves)


def test_the_command_prints_a_row_a_setting(study, tmp_path):
    done = CliRunner().invoke(app, ["simulate", "--repetitions", "2", "--recorded", str(study.root)])
    assert done.exit_code == 0, done.output
    assert done.output.count("promotion") == len(ETAS_AND_GRACES)
    assert "s." in done.output.splitlines()[-1]
    with pytest.raises(StudyError, match=r"A recorded study is a study directory, but .*spec.yaml does not exist"):
        recorded_problem(tmp_path / "none", 0)


def test_a_process_that_knew_torch_before_hasone_thread_as_well():
    """Forked from one that had loaded it, torch does not read the environment again."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with ProcessPoolExecutor(1, initializer=one_thread) as pool:
            assert pool.submit(torch.get_num_threads).result(timeout=60) == 1
    finally:
        torch.set_num_threads(before)
