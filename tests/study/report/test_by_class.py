"""The report of a comparison of eight classes: every class by itself, confusion matrices, and what a set lacks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.comparison import compare
from study.report import write_report
from study.report.inputs.loaded_tables import read_data
from study.report.sections.by_class import by_class
from study.report.sections.roc import roc
from study.report.sections.scores import scores
from tests.study.comparison.class_worlds import NAMES, ClassWorld, class_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    home = class_table(ClassWorld(images=(40, 20, 20, 15, 12, 10, 10, 8)), np.random.default_rng(0), "home")
    away = class_table(ClassWorld(images=(30, 20, 15, 10, 0, 10, 10, 8)), np.random.default_rng(1), "away")
    both = pd.concat([home, away], ignore_index=True)
    both["sex"] = np.where(both["image_id"].str.removeprefix("I").astype(int) % 2 == 0, "female", "male")
    found = compare(both, baseline="method 0", in_distribution="home", draws=100)
    where = tmp_path_factory.mktemp("comparison")
    for name, table in found.items():
        table.to_parquet(where / f"{name}.parquet", index=False)
    write_report(where, where / "report.html", where / "tables", where / "figures")
    return where


def test_every_class_has_its_rows_and_absent_ones_say_so(folder: Path) -> None:
    section = by_class(read_data(folder))
    assert section is not None
    assert "away has no image of SCC" in section.lead
    table = next(table for table in section.files if table.name == "class_auroc")
    assert table.header == ["training images", "method", *NAMES]
    assert [row[0] for row in table.rows] == [
        f"100\u00a0%, tested on {name}" for name in ("home", "away") for _ in range(2)
    ]
    scc = table.rows[2][2 + NAMES.index("SCC")]
    assert scc.text == "undefined"
    assert scc.sub == "no image of this class"


def test_roc_curves_have_aucs_beside_them_whatever_the_study_is_about(folder: Path) -> None:
    data = read_data(folder)
    section = roc(replace(data, context=data.context.model_copy(update={"metric": "balanced_accuracy"})))
    assert section is not None
    found = data.tables["estimates"].query("metric == 'auroc' and dataset == 'home' and method == 'method 0'")
    assert f">{found['estimate'].iloc[0]:.3f}<" in section.body


def test_a_confusion_matrix_sums_to_one_along_each_class(folder: Path) -> None:
    section = by_class(read_data(folder))
    assert section is not None
    matrices = [table for table in section.files if table.name.startswith("confusion_")]
    assert len(matrices) == 2 * 2
    assert matrices[0].caption.startswith("Confusion matrix of method 0 on home")
    sums = matrices[0].numbers.groupby("class")["share"].sum()
    assert sums.to_numpy() == pytest.approx(1)
    assert [cell.bold for cell in matrices[0].rows[1][1:]] == [name == "MEL" for name in NAMES]


def test_differences_are_listed_class_by_class(folder: Path) -> None:
    section = by_class(read_data(folder))
    assert section is not None
    table = next(table for table in section.files if table.name == "class_differences")
    assert len(table.rows) == 2 * (8 + 7)
    assert [row[2] for row in table.rows[:4]] == ["NV", "NV", "MEL", "MEL"]
    assert "difference from method 0" in table.caption


def test_the_page_says_that_means_are_over_classes(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert 'id="classes"' in page
    assert "of each class against the rest, averaged over the classes" in page
    assert "Results by group of patients, class by class" in page
    found = scores(read_data(folder))
    assert found is not None
    notes = [note for table in found.files for note in table.notes]
    assert not [note for note in notes if "0.5 and more as positive" in note]
    assert any("every class that the test set has counts alike" in note for note in notes)
    assert not re.search(r"\bnan\b", page)


def test_two_classes_have_no_such_section(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.parquet"):
        if path.stem not in ("per_class", "confusion", "class_differences"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert by_class(read_data(tmp_path)) is None
