"""Undefined is NaN with a reason, never 0; one replicate, few cases and perfect scores are said, not hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.comparison import compare
from tests.study.comparison.worlds import World, draw, table
from tests.study.report.example import METHODS, predictions


def one_set(replicates: int = 2) -> pd.DataFrame:
    table = predictions(replicates=replicates)
    return table[(table["dataset"] == "isic2019_test") & (table["fraction"] == 1.0)].reset_index(drop=True)


def run(table: pd.DataFrame, **options: object) -> dict[str, pd.DataFrame]:
    return compare(table, **{"baseline": METHODS[0], "in_distribution": None, "draws": 100, **options})  # type: ignore[arg-type]


def test_a_set_of_one_class_has_no_auc_but_a_brier_score() -> None:
    found = run(one_set().query("label == 0"))
    rows = found["estimates"].set_index("metric")
    assert rows.loc["auroc", "estimate"].isna().all()
    assert set(rows.loc["auroc", "reason"]) == {"no positive image"}
    assert rows.loc[["brier", "calibration_error"], "low"].notna().all()
    auc = found["differences"].query("metric == 'auroc'")
    assert auc[["difference", "p", "p_holm", "detectable"]].isna().all(axis=None)
    assert not auc["equivalent"].any()
    assert found["ranking"].empty
    assert found["roc"].empty


def test_one_replicate_is_delong_and_says_what_it_does_not_cover() -> None:
    found = run(one_set(replicates=1))
    assert set(found["estimates"]["covers"]) == {"cases"}
    assert found["estimates"]["sd"].isna().all()
    assert found["differences"]["reason"].str.contains("not new training runs").all()
    assert found["differences"].query("metric == 'auroc'")["p"].notna().all()


def test_the_same_scores_under_two_names_show_no_difference() -> None:
    table = one_set()
    copy = table[table["method"] == METHODS[0]].assign(method="copy:ft")
    row = run(pd.concat([table, copy]))["differences"].query("method == 'copy:ft' and metric == 'auroc'").iloc[0]
    assert row["difference"] == 0
    assert np.isnan(row["p"])
    assert "no image is ranked differently" in row["reason"]
    assert not row["equivalent"]


def test_perfect_scores_leave_doubt() -> None:
    table = one_set().query("method == @METHODS[0]")
    row = run(table.assign(score=0.1 + 0.8 * table["label"]))["estimates"].query("metric == 'auroc'").iloc[0]
    assert row["estimate"] == row["high"] == 1.0
    assert 0.8 < row["low"] < 1.0


def test_a_single_positive_image_has_no_interval_and_shows_no_difference() -> None:
    table = one_set()
    chosen = table.loc[table["label"] == 1, "image_id"].iloc[0]
    found = run(table[(table["label"] == 0) | (table["image_id"] == chosen)])
    rows = found["estimates"].query("metric == 'auroc'")
    assert rows["estimate"].notna().all()
    assert rows[["low", "high"]].isna().all(axis=None)
    assert rows["reason"].str.contains("belong to one patient or lesion").all()
    assert found["differences"].query("metric == 'auroc'")[["low", "p", "p_holm"]].isna().all(axis=None)


def test_all_positives_in_one_patient_have_no_interval() -> None:
    table = one_set()
    sick = table["label"] == 1
    table["patient_id"] = table["patient_id"].where(~sick, "sick")
    table["lesion_id"] = table["image_id"]
    row = run(table)["estimates"].query("metric == 'auroc'").iloc[0]
    assert row["estimate"] > 0.5
    assert np.isnan(row["low"])
    assert "belong to one patient or lesion" in row["reason"]


def test_winners_on_one_split_are_not_replicates() -> None:
    """Five winners on two splits are two replicates; five winners on one split are five (the published protocol)."""
    table = one_set()
    ranks = pd.concat([table.assign(rank=rank, score=table["score"] * (1 - rank / 50)) for rank in range(5)])
    assert set(run(ranks)["estimates"]["replicates"]) == {2}
    assert set(run(ranks.query("split == 1"))["estimates"]["replicates"]) == {5}
    assert "winner alone" in set(run(ranks)["stability"]["varied"])


def test_pairs_of_a_search_are_no_winners() -> None:
    """Four pairs of two searches have no winner to be left alone; with two winners each pair has both."""
    table = one_set(replicates=4)
    searched = table.assign(search=table["split"] % 2)
    assert "winner alone" not in set(run(searched)["stability"]["varied"])
    both = pd.concat([searched, searched.assign(rank=1, score=searched["score"] * 0.9)])
    assert run(both)["stability"].query("varied == 'winner alone'")["setting"].tolist() == ["1", "2"]


def test_a_training_that_collapsed_is_seen_among_the_pairs_of_its_search() -> None:
    table = one_set(replicates=4)
    searched = table.assign(search=table["split"] % 2)
    fell = (searched["method"] == METHODS[0]) & (searched["split"] == 1)
    rng = np.random.default_rng(0)
    searched.loc[fell, "score"] = rng.permutation(searched.loc[fell, "score"].to_numpy())
    found = run(searched)["replicate_values"].query("collapsed")
    assert found[["method", "replicate"]].to_numpy().tolist() == [[METHODS[0], 2]]
    assert found["value"].item() > 0.6, "the mean of a search hides it"


def test_clusters_of_patients_widen_the_interval() -> None:
    table = one_set(replicates=1)
    alone = table.assign(patient_id=None, lesion_id=None)
    often = pd.concat([alone.assign(image_id=alone["image_id"] + f"_{copy}", patient_id=alone["image_id"])
                       for copy in range(4)])  # fmt: skip
    widths = []
    for rows in (alone, often, often.assign(patient_id=None)):
        row = run(rows)["estimates"].query("metric == 'auroc'").iloc[0]
        widths.append(row["high"] - row["low"])
    assert widths[1] == pytest.approx(widths[0], rel=0.02), "four copies of an image say no more than one"
    assert widths[2] < 0.6 * widths[0]


def test_subgroups_mark_small_groups_and_name_reasons() -> None:
    found = run(one_set())["subgroups"]
    assert {"age", "sex", "site", "skin_tone", "diagnosis"} == set(found["attribute"])
    assert found.query("attribute == 'skin_tone' and group == 'IV' and metric == 'auroc'")["small"].all()
    nevus = found.query("attribute == 'diagnosis' and group == 'nevus'").set_index("metric")
    assert nevus.loc["auroc", "estimate"].notna().all(), "nevi against all positives"
    assert set(nevus.loc["sensitivity", "reason"]) == {"no positive image"}
    assert found[found["estimate"].isna()]["reason"].ne("").all()


def test_one_diagnosis_a_class_is_no_attribute() -> None:
    """Each group would be the whole set: a gap of zero between melanoma and melanoma."""
    table = one_set()
    table["diagnosis"] = table["label"].map({0: "nevus", 1: "melanoma"})
    found = run(table)
    assert "diagnosis" not in set(found["subgroups"]["attribute"]) | set(found["gaps"]["attribute"])


def test_a_planted_gap_is_found_and_its_interval_starts_above_zero() -> None:
    table = one_set(replicates=5)
    blind = table["sex"] == "male"
    noise = np.random.default_rng(0).random(len(table))
    table["score"] = table["score"].where(~blind, noise)
    row = run(table)["gaps"].query("attribute == 'sex' and metric == 'auroc'").iloc[0]
    assert (row["best"], row["worst"]) == ("female", "male")
    assert 0 < row["low"] < row["gap"] < row["high"]
    assert row["p"] < 0.05


def test_equivalence_follows_the_margin() -> None:
    wide = run(one_set(), margin=0.9)["differences"]
    assert wide["equivalent"].all()
    narrow = run(one_set(), margin=0.001)["differences"]
    assert not narrow["equivalent"].any()
    assert (narrow["bound"] >= narrow["difference"].abs()).all()


@pytest.mark.parametrize(("positives", "given"), [(15, False), (400, True)])
def test_a_calibration_error_that_chance_could_give_has_no_interval_and_says_so(positives: int, given: bool) -> None:
    """Simulated: where chance gives more than a quarter of it the estimate is too high (docs/benchmarks.md)."""
    block = draw(World(replicates=2, positives=positives, negatives=3 * positives), np.random.default_rng(0))
    row = run(table(block), baseline="one")["estimates"].query("metric == 'calibration_error'").iloc[0]
    assert np.isnan(row["low"]) == (not given)
    assert ("chance alone would give 0." in row["reason"]) == (not given)
    assert row["estimate"] > 0.1


def test_a_high_calibration_error_of_few_cases_has_no_interval_either() -> None:
    """Of 39 positives the few values that pass are high by luck, and most intervals miss (docs/benchmarks.md)."""
    block = draw(World(replicates=2, positives=40, negatives=400), np.random.default_rng(0))
    off = table(block).assign(score=lambda rows: 1 - rows["score"])
    row = run(off, baseline="one")["estimates"].query("metric == 'calibration_error'").iloc[0]
    assert row["estimate"] > 0.4
    assert np.isnan(row["low"])
    assert "too few images" in row["reason"]


def test_a_partial_auc_has_the_degrees_of_freedom_of_the_positives_that_decide_it() -> None:
    """Simulated: with those of all positives, 88 % of its intervals hold the true value (docs/benchmarks.md)."""
    block = draw(World(replicates=1, positives=40, negatives=400, per_lesion=1), np.random.default_rng(0))
    found = run(table(block), baseline="one")["estimates"].set_index("metric")["df"]
    assert list(found["partial_auc"]) == pytest.approx([40 / 5 - 1] * 2)
    assert list(found["auprc"]) == pytest.approx([40 - 1] * 2)
