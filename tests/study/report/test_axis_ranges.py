"""Axes of figures leave out the worst values, whichever end that is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from study.report.figures.learning_curves import learning_rates
from study.report.figures.scale import robust_range, within
from study.report.inputs.loaded_tables import read_data
from tests.study.report.write_example import write_example

VALUES = pd.Series([0.5] + [0.80 + 0.01 * place for place in range(20)])


@pytest.mark.parametrize("less_is_better", [False, True])
def test_the_worst_end_alone_is_left_out(less_is_better: bool) -> None:
    values = 1 - VALUES if less_is_better else VALUES
    low, high = robust_range(values, less_is_better)
    best, worst = (values.min(), values.max()) if less_is_better else (values.max(), values.min())
    assert low < best < high
    assert not low < worst < high
    assert within(worst, (low, high)) == (high if less_is_better else low)


def test_the_learning_rates_of_a_loss_tell_the_best_values_apart(tmp_path: Path) -> None:
    data = read_data(write_example(tmp_path / "comparison"))
    budget = data.context.budget.model_copy(update={"objective": "val_loss", "direction": "minimize"})
    data = replace(data, context=data.context.model_copy(update={"budget": budget}))
    method = data.methods[0]
    trials = pd.DataFrame(
        {"method": method, "fraction": 1.0, "cell": "a", "number": range(63), "state": "COMPLETE",
         "value": [0.1, 0.2, 0.3] + [0.8 + 0.001 * place for place in range(60)], "param.lr": 0.01}
    )  # fmt: skip
    (panel,) = learning_rates(data, trials, "param.lr", "val_loss")
    best = trials.nsmallest(3, "value")["number"]
    shown = {int(n): mark for mark, n in re.findall(r"<(?:circle|path)([^>]*)><title>[^<]*trial (\d+)", str(panel))}
    assert len(shown) == 63
    assert len({shown[number] for number in best}) == 3
