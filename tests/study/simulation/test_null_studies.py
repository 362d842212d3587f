"""Two methods that are alike: how often is one found better?"""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from study.cli import app
from study.comparison.blocks import Block
from study.comparison.metrics.measure_classes import main_measure
from study.comparison.read_blocks import blocks
from study.console import null_table
from study.simulation.null_studies import Design, Drawn, null_studies, null_study, prediction_table

FEW = {"trials": 15, "shared_design": 2}


def errors(design, studies):
    """Share of tests at 5 % that find a difference, on a test set without end."""
    return float(np.mean([null_study(design, Drawn(), number)[1] < 0.05 for number in range(studies)]))


def test_one_search_finds_differences_between_like_methods_and_several_do_not():
    """Short form: with one search the choice of hyperparameters looks like merit."""
    assert errors(Design(**FEW), 24) >= 0.25
    assert errors(Design(**FEW, repeats=5), 24) <= 0.12


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "pairs"), [(3, 3), (3, 6), (5, 5)])
def test_the_errors_of_several_searches_are_those_of_the_level(repeats, pairs):
    found = null_studies([Design(repeats=repeats, pairs=pairs)], Drawn(), studies=400, processes=2)[0]
    assert 0.01 <= found.errors <= 0.07
    assert 0.025 <= found.errors_without_cases <= 0.08


def test_a_study_is_the_same_again():
    design = Design(**FEW, repeats=3, pairs=3)
    assert null_study(design, Drawn(), 1) == null_study(design, Drawn(), 1) != null_study(design, Drawn(), 2)


def test_scores_have_the_true_auc_and_searches_are_the_replicates():
    truth = np.array([[0.7, 0.8, 0.9, 0.75], [0.72, 0.82, 0.88, 0.7]])
    design = Design(repeats=2, pairs=4, positives=6000, negatives=6000)
    block = blocks(prediction_table(truth, design, 0))[0]
    assert isinstance(block, Block)
    assert block.shape == (2, 2, 2)
    found = main_measure(block).values
    np.testing.assert_allclose(found, truth.reshape(2, 2, 2).mean(axis=1), atol=0.01)


def test_the_command_prints_a_row_a_design(monkeypatch):
    monkeypatch.setattr(null_table, "DESIGNS", ((1, 1), (2, 2)))
    shown = CliRunner().invoke(app, ["simulate", "--null", "--repetitions", "2", "--sampler", "random"])
    assert shown.exit_code == 0, shown.output
    assert "2 studies a row of two methods that are alike" in shown.output
