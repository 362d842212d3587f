"""The grid of error rates counts what it says; the long form adds to the record of `tests.benchmarks.error_rates`."""

from __future__ import annotations

import pytest

from tests.benchmarks import error_rates
from tests.study.comparison.metric_grid import CALIBRATED, COUNTS, Regime, counted, grid


@pytest.mark.parametrize("classes", [2, 8])
def test_every_metric_is_counted_in_every_study(classes: int) -> None:
    record = error_rates.load()
    true = record["truth"][str(classes)]
    found = counted(Regime(classes, 2, 39), range(2), true)
    assert set(found) == set(true)
    for counts in found.values():
        assert set(counts) == set(COUNTS)
        assert counts["studies"] == 2
        assert counts["covers"] + counts["refused"] <= 2
        assert max(counts["rejected"], counts["covers_difference"]) <= counts["tests"]
    calibrated = found.get(CALIBRATED, found["calibration_error"])
    assert calibrated["refused"] == 2  # chance gives as much on so few images


def test_counts_add_up_over_batches_and_do_not_depend_on_them() -> None:
    true = error_rates.load()["truth"]["8"]
    cell = Regime(8, 2, 10)
    once, twice = counted(cell, range(2), true), {}
    for number in range(2):
        error_rates.add(twice, counted(cell, range(number, number + 1), true))
    assert once == twice


def test_the_record_has_every_cell_and_every_metric() -> None:
    record = error_rates.load()
    for cell in grid():
        counts = record["cells"][error_rates.name(cell)]
        assert set(counts) == set(record["truth"][str(cell.classes)])
        assert {found["studies"] for found in counts.values()} == {error_rates.done(record, cell)}


def test_where_an_interval_is_given_it_holds_in_the_record() -> None:
    """Far below 93 % in a cell, where the report gives more than a few of them, a rule that refuses is missing."""
    record = error_rates.load()
    for name, cell in record["cells"].items():
        for metric, counts in cell.items():
            given = counts["studies"] - counts["refused"]
            if given > 0.1 * counts["studies"]:
                assert counts["covers"] / given >= 0.88, (name, metric)
            assert counts["rejected"] / counts["studies"] <= 0.13, (name, metric)
