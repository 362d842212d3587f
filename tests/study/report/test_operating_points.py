"""The sections on chosen thresholds, calibration and decision curves: what they say, and what is left out where."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from study.report import write_report
from study.report.inputs.loaded_tables import ReportData, read_data
from study.report.sections.calibration import measure_table
from study.report.sections.decision_curves import benefit_table, decision_curves
from study.report.sections.operating_point_tables import difference_table, point_table, shift_table
from study.report.sections.operating_points import operating_points
from tests.study.report.write_example import write_example

HOME = "isic2019_test"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    return read_data(write_example(tmp_path_factory.mktemp("example") / "comparison"))


def rows(data: ReportData, name: str, **where: object) -> pd.DataFrame:
    table = data.tables[name]
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def test_the_lead_says_sensitivity_at_home_and_where_it_is_lowest(data: ReportData) -> None:
    section = operating_points(data)
    assert section is not None
    found = rows(data, "operating_points", fraction=1.0, point="sensitivity_90", measure="sensitivity")
    home, away = found[found["dataset"] == HOME]["estimate"], found[found["dataset"] != HOME]
    worst = away.sort_values("estimate").iloc[0]
    assert f"on {HOME} sensitivity is {home.min():.2f} to {home.max():.2f}" in section.lead
    assert f"lowest of {worst['method']} on {worst['dataset']}" in section.lead
    assert "own optimum" in section.body


def test_every_point_has_a_table_and_own_optima_stand_beside(data: ReportData) -> None:
    table = point_table(data, rows(data, "operating_points", point="youden"), "youden")
    assert len(table.rows) == 2 * 4 * 3
    first = rows(data, "operating_points", point="youden", fraction=1.0, dataset=HOME, method="supervised:ft")
    own = first.set_index("measure")["own"]
    assert table.rows[0][-2:] == [f"{own['sensitivity']:.3f}", f"{own['specificity']:.3f}"]
    assert table.header[-3].startswith("own optimum")


def test_differences_and_changes_are_listed_point_by_point(data: ReportData) -> None:
    differences, shifts = difference_table(data), shift_table(data)
    assert differences is not None
    assert shifts is not None
    labels = [str(row[0]) for row in differences.rows]
    assert labels == sorted(labels, key=lambda label: "Youden" in label)
    shown = int((data.tables["operating_point_differences"]["p_holm"] < 0.05).sum())
    assert f"{shown:,} difference" in differences.notes[0]
    assert {str(row[2]) for row in shifts.rows} == set(data.sets) - {HOME}


def test_calibration_lists_readings_that_change_something(data: ReportData) -> None:
    table = measure_table(data)
    assert table is not None
    by_method: dict[str, set[str]] = {}
    for row in table.rows:
        by_method.setdefault(str(row[1]), set()).add(str(row[2]))
    assert "with balanced sampling undone" in by_method["supervised:ft"]  # trained on balanced batches
    assert by_method["simclr:ft"] == {"as scored", "after temperature scaling"}


def test_decision_curves_show_the_undone_prior_and_a_biopsy_for_everybody(data: ReportData) -> None:
    section = decision_curves(data)
    assert section is not None
    assert "with balanced sampling undone" in section.body
    assert section.body.count('class="all"') >= 4  # one line a test set
    table = benefit_table(data, data.tables["decision_curves"])
    everybody = [row for row in table.rows if row[1] == "a biopsy for everybody"]
    assert len(everybody) == 2 * 4


def test_a_study_without_thresholds_says_so_and_has_no_such_sections(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    for name in ("operating_points", "operating_point_differences", "operating_point_shift", "calibration_measures",
                 "decision_curves"):  # fmt: skip
        (directory / f"{name}.parquet").unlink()
    write_report(directory, tmp_path / "report.html", tmp_path / "tables", tmp_path / "figures")
    page = (tmp_path / "report.html").read_text()
    assert not re.search(r'id="(operating_points|decision_curves)"', page)
    assert "No thresholds or temperatures were chosen on validation for this study" in page


def test_a_method_without_a_threshold_leaves_gaps_and_no_page_breaks(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "comparison")
    gone = ["estimate", "difference", "change", "sd", "low", "high", "own", "threshold", "own_threshold", "p", "p_holm",
            "net_benefit"]  # fmt: skip
    for name in ("operating_points", "operating_point_differences", "operating_point_shift", "calibration_measures",
                 "decision_curves"):  # fmt: skip
        table = pd.read_parquet(folder / f"{name}.parquet")
        lacking = table["method"] == "simclr:ft"
        if "reading" in table:
            lacking &= table["reading"] == "temperature"
        table.loc[lacking, [column for column in gone if column in table]] = float("nan")
        table.loc[lacking, "reason"] = "1 of 3 models have no threshold"
        table.to_parquet(folder / f"{name}.parquet")
    write_report(folder, tmp_path / "report.html", tmp_path / "tables", tmp_path / "figures")
    page = (tmp_path / "report.html").read_text()
    assert "1 of 3 models have no threshold" in page
    assert ">nan<" not in page
