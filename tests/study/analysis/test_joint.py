"""Comparisons of several studies, and of anyone's prediction tables."""

from __future__ import annotations

import pandas as pd
import pytest

from study.analysis.joint import compare_folders, distinct_methods, report_folder
from study.base.errors import StudyError
from tests.study.report.example import predictions


def write(folder, table):
    for (method, dataset), rows in table.groupby(["method", "dataset"]):
        path = folder / dataset / f"{method.replace(':', '-')}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path, index=False)


def test_a_folder_of_prediction_tables_is_compared_and_reported(tmp_path):
    write(tmp_path / "mine", predictions(replicates=2))
    found = compare_folders([tmp_path / "mine"], tmp_path / "out", in_distribution="isic2019_test")
    assert set(found["estimates"]["method"]) == {"supervised:ft", "simclr:ft", "byol:ucl-ft"}
    assert "supervised:ft" in report_folder(tmp_path / "out").read_text()
    assert (tmp_path / "out" / "tables" / "auc.csv").is_file()


def test_methods_of_several_studies_are_told_apart():
    one, other = predictions(replicates=2), predictions(replicates=2).assign(study="second")
    both = distinct_methods(pd.concat([one, other[other["method"] == "simclr:ft"]]))
    assert set(both["method"]) == {"supervised:ft", "byol:ucl-ft", "example/simclr:ft", "second/simclr:ft"}


def test_bad_input_says_what_to_do(tmp_path):
    with pytest.raises(StudyError, match=r"holds none\. Give study directories"):
        compare_folders([tmp_path], tmp_path / "out")
    write(tmp_path / "mine", predictions(replicates=2))
    with pytest.raises(StudyError, match=r"--baseline names what the tables hold, got 'simclr'; the nearest is"):
        compare_folders([tmp_path / "mine"], tmp_path / "out", baseline="simclr")
