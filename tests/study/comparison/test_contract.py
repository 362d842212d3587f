"""The tables that the report reads, made from predictions and trials, and a report written from them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study.report
from study.analysis.importance import importance
from study.comparison import compare, optimisation
from study.report import write_report
from tests.study.report.example import METHODS, SETS, predictions, trials_and_curves


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    trials, curves = trials_and_curves()
    found = compare(predictions(), baseline=METHODS[0], in_distribution="isic2019_test", draws=200)
    found |= optimisation(trials, curves, direction="maximize")
    return found | {"importance": importance(trials, direction="maximize")}


def contract() -> dict[str, list[str]]:
    """Columns by table, read from the report's own docstring."""
    lines = re.findall(r"^([a-z_]+) +(method [a-z_0-9 ]+)$", study.report.__doc__ or "", re.MULTILINE)
    return {name: columns.split() for name, columns in lines}


@pytest.mark.parametrize(
    "name",
    ["estimates", "differences", "ranking", "roc", "calibration", "robustness", "subgroups", "gaps", "difficulty",
     "budget_curves", "importance"],
)  # fmt: skip
def test_tables_have_the_columns_that_the_report_reads(tables: dict[str, pd.DataFrame], name: str) -> None:
    assert set(contract()[name]) <= set(tables[name].columns)
    assert len(tables[name]) > 0
    numbers = tables[name].select_dtypes("number")
    assert not np.isinf(numbers.drop(columns="df", errors="ignore")).any(axis=None)


def test_all_cells_are_there(tables: dict[str, pd.DataFrame]) -> None:
    auc = tables["estimates"].query("metric == 'auroc'")
    assert len(auc) == len(METHODS) * len(SETS) * 2
    assert ((auc["low"] < auc["estimate"]) & (auc["estimate"] < auc["high"])).all()
    assert set(tables["robustness"]["dataset"]) == set(SETS) - {"isic2019_test"}


def test_a_report_is_written_from_them(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
    write_report(tmp_path, tmp_path / "report.html", tmp_path / "tables", tmp_path / "figures")
    assert "simclr:ft" in (tmp_path / "report.html").read_text()
