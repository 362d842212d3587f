"""Comparisons of several studies, and of anyone's prediction tables."""

from __future__ import annotations

import numpy as np
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


def plain(**changes):
    """The least that a table must hold: two methods on the same images."""
    table = predictions(replicates=1).query("dataset == 'isic2019_test' and fraction == 1.0")
    table = table[table["method"].isin(["supervised:ft", "simclr:ft"])][["method", "image_id", "label", "score"]]
    return table.reset_index(drop=True).assign(**changes)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_needs_only_method_image_label_and_score(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    plain().to_csv(path, index=False) if suffix == ".csv" else plain().to_parquet(path)
    found = compare_folders([path], tmp_path / "out", baseline="supervised:ft")
    full = compare_folders([write_whole(tmp_path / "whole")], tmp_path / "other", baseline="supervised:ft")
    one, other = (t["differences"].query("metric == 'auroc'")["difference"].tolist() for t in (found, full))
    assert one == pytest.approx(other)
    assert set(found["estimates"]["covers"]) == {"cases"}
    assert "supervised:ft" in report_folder(tmp_path / "out").read_text()


def write_whole(folder):
    """The same predictions with all columns."""
    table = predictions(replicates=1).query("dataset == 'isic2019_test' and fraction == 1.0")
    write(folder, table[table["method"].isin(["supervised:ft", "simclr:ft"])].assign(lesion_id=None, patient_id=None))
    return folder


def test_ids_are_text_whatever_a_file_makes_of_them(tmp_path):
    """One team writes 7, another "7", a third loses the type to an empty cell."""
    numbered = plain()
    numbered["image_id"] = pd.factorize(numbered["image_id"])[0]
    one = numbered["method"] == "supervised:ft"
    numbered[one].to_parquet(tmp_path / "a.parquet")
    numbered[~one].astype({"image_id": str}).to_csv(tmp_path / "b.csv", index=False)
    found = compare_folders([tmp_path], tmp_path / "out", baseline="supervised:ft")
    assert len(found["differences"].query("metric == 'auroc'")) == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (plain().drop(columns="score"), r"lacks score; it has method, image_id, label"),
        (plain().iloc[:0], r"hold no row"),
        (plain(method=None), r"Column 'method' of a prediction table is never empty, but \d+ of \d+ rows"),
        (plain(score="high"), r"Column 'score' of a prediction table holds numbers"),
        (plain(age="old"), r"Column 'age' of a prediction table holds numbers"),
        (pd.concat([plain(study="a"), plain(study=None)]), r"Column 'study' of a prediction table is never empty"),
        (
            pd.concat([plain(dataset=name, split=split) for name, split in (("a", 1), ("a", 2), ("b", 1))]),
            r"same re-trained models, .* 2: \(0, 1, 0\), \(0, 2, 0\) on a and 1: \(0, 1, 0\) on b .* Add the missing",
        ),
        (plain(score=1.5), r"Scores are probabilities from 0 to 1"),
        (plain(label=2), r"Labels are 1"),
        (plain().drop(index=0), r"image"),
        (pd.concat([plain(), plain().head(1)]), r"appears twice"),
    ],
    ids=[
        "lacks",
        "empty",
        "null method",
        "text",
        "age",
        "null study",
        "replicates",
        "logits",
        "labels",
        "other images",
        "twice",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_each_way_that_a_table_can_be_wrong_has_one_error(tmp_path, suffix, table, message):
    path = tmp_path / f"mine{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    with pytest.raises(StudyError, match=message):
        compare_folders([tmp_path], tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"PAR1 not really", b"\xff\xfe\x00"])
def test_a_file_that_is_no_table_is_named(tmp_path, content):
    (tmp_path / "mine.parquet").write_bytes(content)
    with pytest.raises(StudyError, match=r"mine.parquet cannot be read"):
        compare_folders([tmp_path], tmp_path / "out")
    (tmp_path / "mine.parquet").rename(tmp_path / "mine.csv")
    with pytest.raises(StudyError, match=r"mine.csv"):
        compare_folders([tmp_path], tmp_path / "out")


def many_classes(names=("NV", "MEL", "BCC")):
    """Two methods on the same images of three classes, as anyone's tables."""
    draws = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], (40, 25, 20))
    tables = []
    for method, skill in (("one", 1.0), ("other", 2.0)):
        logits = draws.normal(size=(len(label), 3)) + skill * np.eye(3)[label]
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        columns = {f"score.{name}": scores[:, place] for place, name in enumerate(names)}
        tables.append(pd.DataFrame({"method": method, "image_id": range(len(label)), "label": label, **columns}))
    return tables


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_of_many_classes_need_a_probability_a_class(tmp_path, suffix):
    (tmp_path / "mine").mkdir()
    for number, table in enumerate(many_classes()):
        path = tmp_path / "mine" / f"{number}{suffix}"
        table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    found = compare_folders([tmp_path / "mine"], tmp_path / "out", baseline="one")
    assert set(found["per_class"]["class"]) == {"NV", "MEL", "BCC"}
    assert "Confusion matrix of other on test" in report_folder(tmp_path / "out").read_text()


def test_tables_of_other_classes_are_not_compared(tmp_path):
    one, _ = many_classes()
    _, other = many_classes(("MEL", "NV", "BCC"))
    one.to_csv(tmp_path / "1.csv", index=False)
    other.to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(StudyError, match=r"same classes in the same order, got NV, MEL, BCC and MEL, NV, BCC"):
        compare_folders([tmp_path], tmp_path / "out")
    plain(method="third").to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(StudyError, match=r"got NV, MEL, BCC and two \(score\)"):
        compare_folders([tmp_path], tmp_path / "out")
    one.assign(**{"score.NV": "high"}).to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(StudyError, match=r"Column 'score.NV' of a prediction table holds numbers"):
        compare_folders([tmp_path / "2.csv"], tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"label": "benign"},
            r"'label' of a prediction table holds 1 for the class of `score` and 0 for any other, but .*mine",
        ),
        ({"split": 0.5}, r"'split' of a prediction table holds whole numbers, but .*mine\.csv has 0\.5"),
        ({"fraction": 2}, r"share of the training images, above 0 and at most 1, but .*mine\.csv has 2"),
        ({"score": "0,5"}, r"'score' of a prediction table holds numbers, but .*mine\.csv"),
        ({"search": "first"}, r"'search' of a prediction table holds numbers, but .*mine\.csv"),
    ],
)
def test_a_table_that_is_wrong_in_one_way_gives_one_clear_error(tmp_path, changes, text):
    plain(**changes).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(StudyError, match=text):
        compare_folders([tmp_path / "mine.csv"], tmp_path / "out")


def test_another_kind_of_file_is_refused_by_its_name(tmp_path):
    plain().to_csv(tmp_path / "mine.tsv", index=False)
    with pytest.raises(StudyError, match=r"a file \.parquet or \.csv, got .*mine\.tsv"):
        compare_folders([tmp_path / "mine.tsv"], tmp_path / "out")
    plain().to_csv(tmp_path / "mine.csv", index=False, sep=";")
    with pytest.raises(StudyError, match=r"it has method;image_id;label;score\..* Separate the columns"):
        compare_folders([tmp_path / "mine.csv"], tmp_path / "out")


def test_files_of_both_kinds_with_ids_as_text_and_as_numbers_are_one_comparison(tmp_path):
    table = plain()
    table["image_id"] = pd.factorize(table["image_id"])[0] + 100
    for method, rows in table.groupby("method"):
        where = tmp_path / "mine" / str(method).replace(":", "-")
        where.parent.mkdir(exist_ok=True)
        if method == "simclr:ft":
            rows.to_csv(where.with_suffix(".csv"), index=False)
        else:
            rows.assign(image_id=rows["image_id"].astype(str)).to_parquet(where.with_suffix(".parquet"))
    found = compare_folders([tmp_path / "mine"], tmp_path / "out", baseline="supervised:ft")
    whole = compare_folders([write_whole(tmp_path / "whole")], tmp_path / "other", baseline="supervised:ft")
    one, other = (t["differences"].query("metric == 'auroc'")["difference"].tolist() for t in (found, whole))
    assert one == pytest.approx(other)
